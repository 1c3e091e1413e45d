import type { DigestFacts } from '#domain';
import type { RenderedSlackMessage } from '#kit';
import { renderChartPng } from './chart.ts';
import { type MetricRow, targetNote } from './metric-row.ts';
import { clip } from './plain.ts';
import type { ProjectRow } from './project-row.ts';
import { type DigestView, digestView, type Section } from './view.ts';

/** Slack refuses more; https://docs.slack.dev/reference/block-kit/blocks */
export const slackLimits = {
  blocks: 50,
  header: 150,
  section: 3000,
  fields: 10,
  field: 2000,
  alt: 2000,
  message: 12_500,
};
/** Room for the image block that the messenger puts before the footer. */
const OWN_BLOCKS = slackLimits.blocks - 1;

type Block = Record<string, unknown>;

/** A digest as Block Kit within Slack's limits. User text is escaped and never parsed: no name becomes a mention. */
export async function renderSlack(facts: DigestFacts, options: { test: boolean }): Promise<RenderedSlackMessage> {
  const view = digestView(facts, options);
  const png = await renderChartPng(facts);
  return {
    text: escapeSlack(clip(view.subject, 300)),
    blocks: withinLimits(bodyBlocks(view), footerBlocks(view)),
    chart:
      png === null || view.chart === null
        ? null
        : { png, altText: clip(view.chart.altText, slackLimits.alt), filename: 'benefit-and-cost.png' },
  };
}

/** `& < >` are all that Slack needs escaped; https://docs.slack.dev/messaging/formatting-message-text */
export function escapeSlack(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function bodyBlocks(view: DigestView): Block[] {
  const { headline } = view;
  return [
    ...(view.test ? [context(':test_tube: *TEST* – a test message, not a digest that was due')] : []),
    {
      type: 'header',
      text: { type: 'plain_text', text: clip(view.title, slackLimits.header), emoji: false },
    },
    context(escapeSlack(`As of ${view.asOf}${view.sponsor === null ? '' : ` · for ${view.sponsor}`}`)),
    ...(view.notice === null ? [] : [context(escapeSlack(view.notice))]),
    ...(headline === null
      ? [section(`*No headline figure this time*\n${escapeSlack(view.absentBecause ?? '')}`)]
      : [
          section(
            `*ROI ${escapeSlack(headline.roi.value)}*${headline.roiChange === null ? '' : ` (${escapeSlack(headline.roiChange)})`}`,
          ),
          fields(headline.figures.map(({ label, value }) => `*${label}*\n${escapeSlack(value)}`)),
          context(escapeSlack([`Basis: ${headline.basis}`, ...headline.notes].join('\n'))),
        ]),
    ...listed(view.alerts, (alert) => `:warning: ${escapeSlack(alert)}`, null),
    ...movedBlocks(view),
    ...outlookBlocks(view),
    ...listed(view.metrics, metricText, 'Metrics', '\n\n'),
    ...listed(view.projects, projectText, 'Projects', '\n\n'),
    ...(view.cost.length === 0
      ? []
      : [section(`*Cost*\n${view.cost.map(({ label, value }) => `${label}: ${escapeSlack(value)}`).join(' · ')}`)]),
    ...listed(
      view.restatements,
      ({ what, change, why }) => `• ${escapeSlack(`${what}: ${change} – ${why}`)}`,
      'Restated since the last digest',
    ),
    ...(view.links.length === 0
      ? []
      : [
          section(
            view.links
              .map(({ label, url }) => `<${linkUrl(url)}|${escapeSlack(label).replace(/\|/g, '/')}>`)
              .join(' · '),
          ),
        ]),
  ];
}

function movedBlocks({ moved }: DigestView): Block[] {
  if (moved === null) return [];
  const rows = moved.rows.map(({ cause, amount }) => `• ${escapeSlack(cause)}: *${escapeSlack(amount)}*`);
  const body = rows.length === 0 ? ['Nothing.'] : [...rows, `Net: *${escapeSlack(moved.net)}*`];
  return [section([`*What moved benefit less cost* since ${escapeSlack(moved.since)}`, ...body].join('\n'))];
}

function outlookBlocks({ outlook }: DigestView): Block[] {
  if (outlook === null) return [];
  const rows = outlook.rows.map(
    ({ label, now, plan, difference }) =>
      `${escapeSlack(label)}: *${escapeSlack(now)}* (plan ${escapeSlack(plan)}, ${escapeSlack(difference)})`,
  );
  return [
    section([`*Against ${escapeSlack(outlook.plan)}*`, ...rows].join('\n')),
    ...(outlook.notes.length === 0 ? [] : [context(escapeSlack(outlook.notes.join('\n')))]),
  ];
}

function metricText(row: MetricRow): string {
  const warning = row.warning === null ? '' : ` :warning: ${escapeSlack(row.warning)}`;
  const benefit = row.benefit === '–' ? '' : ` · benefit *${escapeSlack(row.benefit)}*`;
  const figures = `${escapeSlack(`${row.actual}${targetNote(row)}`)}${benefit}`;
  return `*${escapeSlack(row.name)}*${warning}\n${figures}\n${escapeSlack(row.notes.join(' · '))}`;
}

function projectText(row: ProjectRow): string {
  const warning = row.warning === null ? '' : ` :warning: ${escapeSlack(row.warning)}`;
  const npv = row.npv === null ? '' : `NPV *${escapeSlack(row.npv)}*`;
  const figures = [npv, escapeSlack(row.notes.join(' · '))].filter((text) => text !== '').join(' · ');
  return `*${escapeSlack(row.name)}*${warning}\n${figures}`;
}

function footerBlocks(view: DigestView): Block[] {
  const lines = [...view.data, ...view.footer].map(escapeSlack);
  if (view.unsubscribeUrl !== null) lines.push(`<${linkUrl(view.unsubscribeUrl)}|Unsubscribe>`);
  return [{ type: 'divider' }, context(lines.join(' '))];
}

/** Rows packed into as few sections as their length allows. */
function listed<Row>(
  { rows, more }: Section<Row>,
  text: (row: Row) => string,
  title: string | null,
  gap = '\n',
): Block[] {
  if (rows.length === 0) return [];
  const lines = [...(title === null ? [] : [`*${title}*`]), ...rows.map(text), ...(more === null ? [] : [`… ${more}`])];
  const blocks: Block[] = [];
  let packed = '';
  for (const line of lines) {
    if (packed !== '' && packed.length + line.length + gap.length > slackLimits.section) {
      blocks.push(section(packed));
      packed = '';
    }
    packed = packed === '' ? line : `${packed}${gap}${line}`;
  }
  return [...blocks, section(packed)];
}

/** Drops whole blocks from the end of the body until the message fits, and says so; the footer always stays. */
function withinLimits(body: readonly Block[], footer: readonly Block[]): Block[] {
  const note = context('… the rest is left out here: the message would be too long for Slack.');
  const footerLength = lengthOf(footer);
  const fits = (blocks: readonly Block[]) =>
    blocks.length + footer.length <= OWN_BLOCKS && lengthOf(blocks) + footerLength <= slackLimits.message;
  if (fits(body)) return [...body, ...footer];
  let kept = body.slice(0, OWN_BLOCKS - footer.length - 1);
  while (kept.length > 0 && !fits([...kept, note])) kept = kept.slice(0, -1);
  return [...kept, note, ...footer];
}

function lengthOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, block) => sum + JSON.stringify(block).length, 0);
}

function section(text: string): Block {
  return { type: 'section', text: mrkdwn(text, slackLimits.section) };
}
function fields(texts: readonly string[]): Block {
  return { type: 'section', fields: texts.slice(0, slackLimits.fields).map((text) => mrkdwn(text, slackLimits.field)) };
}
function context(text: string): Block {
  return { type: 'context', elements: [mrkdwn(text, slackLimits.section)] };
}
/** `verbatim`: Slack looks for no links, channels or mentions of its own accord. */
function mrkdwn(text: string, max: number): Block {
  return { type: 'mrkdwn', text: clipEscaped(text, max), verbatim: true };
}

/** Cuts escaped text without leaving half an entity behind. */
function clipEscaped(text: string, max: number): string {
  return text.length <= max ? text : clip(text, max).replace(/&[a-z]{0,3}…$/, '…');
}

/** Inside `<url|label>` only the bar and Slack's three characters could break out; a parsed URL has no `<` or `>`. */
function linkUrl(url: string): string {
  return escapeSlack(new URL(url).href.replaceAll('|', '%7C'));
}
