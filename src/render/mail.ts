import type { DigestFacts } from '#domain';
import { OutturnError, type RenderedMail } from '#kit';
import { renderChartPng } from './chart.ts';
import { mailTemplate, toneStyle } from './mail-template.ts';
import { template } from './template.ts';
import { renderText } from './text.ts';
import { type DigestView, digestView, MAX_ROWS } from './view.ts';

/** Gmail cuts a mail off beyond that. */
export const MAX_HTML_BYTES = 102 * 1024;
const CHART_CONTENT_ID = 'chart@outturn';

const mjmlOf = template(mailTemplate);

/** Rows a section, tried in turn: long names in other scripts weigh more than their number tells. */
const ROW_LIMITS = [MAX_ROWS, 10, 5, 2] as const;

/** A digest as mail: text, HTML below 102 KB, and one chart that the HTML refers to by `cid:`. */
export async function renderMail(facts: DigestFacts, options: { test: boolean }): Promise<RenderedMail> {
  const view = digestView(facts, options);
  const [html, png] = await Promise.all([smallEnough(facts, options), renderChartPng(facts)]);
  const attachments =
    png === null
      ? []
      : [{ filename: 'benefit-and-cost.png', contentType: 'image/png', body: png, contentId: CHART_CONTENT_ID }];
  return { subject: view.subject, text: renderText(view), html, attachments };
}

async function smallEnough(facts: DigestFacts, options: { test: boolean }): Promise<string> {
  for (const maxRows of ROW_LIMITS) {
    const html = await renderHtml(digestView(facts, { ...options, maxRows }));
    if (Buffer.byteLength(html) <= MAX_HTML_BYTES) return html;
  }
  throw new OutturnError('internal', `The mail is longer than ${MAX_HTML_BYTES} bytes with two rows a section`);
}

const loadMjml = () => import('mjml');

/** Loads what makes mails ahead of the first one. */
export async function preloadMail(): Promise<void> {
  await loadMjml();
}

async function renderHtml(view: DigestView): Promise<string> {
  const mjml = await mjmlOf({
    view,
    subject: view.subject,
    preview: previewOf(view),
    toneStyle,
    chartContentId: CHART_CONTENT_ID,
  });
  const { default: mjml2html } = await loadMjml();
  const { html, errors } = await mjml2html(mjml, {
    validationLevel: 'soft',
    ignoreIncludes: true,
    keepComments: false,
    // No web fonts: a mail must not fetch anything.
    fonts: {},
  });
  if (errors.length > 0)
    throw new OutturnError('internal', `Mail template: ${errors[0]?.formattedMessage ?? 'invalid'}`);
  return html.replace(/\n\s*/g, '\n');
}

/** The line that a mailbox shows beside the subject. */
function previewOf({ headline, absentBecause }: DigestView): string {
  if (headline === null) return absentBecause ?? '';
  return headline.figures.map(({ label, value }) => `${label} ${value}`).join(' · ');
}
