import { type MetricRow, targetNote } from './metric-row.ts';
import { plain } from './plain.ts';
import type { ProjectRow } from './project-row.ts';
import { type DigestView, type Figure } from './view.ts';

const WIDTH = 76;
const INDENT = '  ';

/** The digest as text of at most 76 columns (links excepted): what a plain mail reader, a log or a terminal shows. */
export function renderText(view: DigestView): string {
  const blocks = [
    ...(view.test ? ['*** TEST: this is a test message ***'] : []),
    heading(view),
    ...(view.notice === null ? [] : [wrap(view.notice)]),
    headline(view),
    ...listBlock('ALERTS', view.alerts.rows, view.alerts.more),
    ...moved(view),
    ...outlook(view),
    ...metrics(view),
    ...projects(view),
    ...(view.cost.length === 0 ? [] : [titled('COST', figures(view.cost))]),
    ...restatements(view),
    titled('DATA', view.data.map((line) => wrap(line, INDENT)).join('\n')),
    ...(view.links.length === 0
      ? []
      : [view.links.map(({ label, url }) => `${plain(label)}:\n${INDENT}${url}`).join('\n')]),
    footer(view),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function heading({ title, sponsor, asOf }: DigestView): string {
  const lines = [...wrapLines(title, WIDTH), `As of ${asOf}${sponsor === null ? '' : ` · for ${sponsor}`}`];
  return `${'='.repeat(WIDTH)}\n${lines.join('\n')}\n${'='.repeat(WIDTH)}`;
}

function headline({ headline: shown, absentBecause }: DigestView): string {
  if (shown === null) return titled('NO HEADLINE FIGURE THIS TIME', wrap(absentBecause ?? '', INDENT));
  const roi = { ...shown.roi, value: `${shown.roi.value}${shown.roiChange === null ? '' : ` (${shown.roiChange})`}` };
  const notes = [`Basis: ${shown.basis}`, ...shown.notes];
  return `${figures([roi, ...shown.figures])}\n\n${notes.map((note) => wrap(note, INDENT)).join('\n')}`;
}

function outlook({ outlook: shown }: DigestView): string[] {
  if (shown === null) return [];
  const rows = shown.rows.map(({ label, now, plan, difference }) =>
    [leader(label, now), wrap(`plan ${plan} · ${difference}`, INDENT.repeat(2))].join('\n'),
  );
  const notes = shown.notes.map((note) => wrap(note, INDENT));
  return [titled(`AGAINST ${shown.plan}`, [...rows, ...notes].join('\n'))];
}

function moved({ moved: moves }: DigestView): string[] {
  if (moves === null) return [];
  if (moves.rows.length === 0)
    return [titled('WHAT MOVED BENEFIT LESS COST', `${INDENT}Nothing since ${moves.since}.`)];
  const rows = moves.rows.map(({ cause, amount }) => leader(cause, amount));
  return [titled(`WHAT MOVED BENEFIT LESS COST since ${moves.since}`, [...rows, leader('Net', moves.net)].join('\n'))];
}

function metrics({ metrics: { rows, more } }: DigestView): string[] {
  if (rows.length === 0) return [];
  return [titled('METRICS', [...rows.map(metricLines), ...moreLine(more)].join('\n'))];
}

function metricLines(row: MetricRow): string {
  const figuresLine = `${row.actual}${targetNote(row)}`;
  const notes = row.warning === null ? row.notes : [`! ${row.warning}`, ...row.notes];
  return [leader(row.name, row.benefit), wrap([figuresLine, ...notes].join(' · '), INDENT.repeat(2))].join('\n');
}

function projects({ projects: { rows, more } }: DigestView): string[] {
  if (rows.length === 0) return [];
  return [titled('PROJECTS', [...rows.map(projectLines), ...moreLine(more)].join('\n'))];
}

function projectLines(row: ProjectRow): string {
  const notes = row.warning === null ? row.notes : [`! ${row.warning}`, ...row.notes];
  return [leader(row.name, row.npv === null ? '–' : `NPV ${row.npv}`), wrap(notes.join(' · '), INDENT.repeat(2))].join(
    '\n',
  );
}

function restatements({ restatements: { rows, more } }: DigestView): string[] {
  if (rows.length === 0) return [];
  const lines = rows.map(({ what, change, why }) => `${leader(what, change)}\n${wrap(why, INDENT.repeat(2))}`);
  return [titled('RESTATED SINCE THE LAST DIGEST', [...lines, ...moreLine(more)].join('\n'))];
}

function footer({ footer: lines, unsubscribeUrl }: DigestView): string {
  const wrapped = lines.map((line) => wrap(line));
  return ['-- ', ...wrapped, ...(unsubscribeUrl === null ? [] : [`Unsubscribe: ${unsubscribeUrl}`])].join('\n');
}

function titled(title: string, body: string): string {
  return `${title}\n${'-'.repeat(title.length)}\n${body}`;
}

function listBlock(title: string, items: readonly string[], more: string | null): string[] {
  if (items.length === 0) return [];
  return [titled(title, [...items.map(bullet), ...moreLine(more)].join('\n'))];
}

function bullet(item: string): string {
  return wrap(item, INDENT.repeat(2)).replace(INDENT.repeat(2), `${INDENT}! `);
}

function moreLine(more: string | null): string[] {
  return more === null ? [] : [`${INDENT}… ${more}`];
}

function figures(rows: readonly Figure[]): string {
  const width = Math.max(...rows.map(({ label }) => label.length)) + 2;
  return rows.map(({ label, value }) => `${INDENT}${label.padEnd(width)}${value}`).join('\n');
}

/** Left and right flush in one line; the left part wraps when both do not fit. */
function leader(left: string, right: string): string {
  const room = WIDTH - INDENT.length - right.length - 2;
  const lines = wrapLines(left, Math.max(room, 20));
  const last = lines.pop() ?? '';
  const gap = Math.max(WIDTH - INDENT.length - last.length - right.length, 2);
  return [...lines, `${last}${' '.repeat(gap)}${right}`].map((line) => `${INDENT}${line}`).join('\n');
}

function wrap(text: string, indent = ''): string {
  return wrapLines(text, WIDTH - indent.length)
    .map((line) => `${indent}${line}`)
    .join('\n');
}

/** A figure and what it counts stay on one line: `8 %`, `+3 pts`. */
const FIGURE_SPACE = / (?=(?:%|pts?)(?![\p{L}\d]))/gu;

/** Breaks at spaces; a word longer than the line is cut. */
function wrapLines(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  const kept = text.replace(FIGURE_SPACE, '\u00a0');
  for (const word of kept.split(' ').flatMap((long) => long.match(new RegExp(`.{1,${width}}`, 'gu')) ?? [])) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
