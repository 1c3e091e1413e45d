import type { CostLine, Measurement } from '#domain';
import type { Finding, ParsedPage } from './connector.ts';
import { formatDurationMs } from './duration.ts';
import { asOutturnError, type ErrorCode } from './errors.ts';
import { nearest } from './nearest.ts';

const ASPECTS: Partial<Record<ErrorCode, string>> = {
  'source/unreachable': 'connectivity',
  'source/timeout': 'connectivity',
  'source/blocked-address': 'connectivity',
  'source/server-error': 'connectivity',
  'source/rate-limited': 'connectivity',
  'source/not-json': 'connectivity',
  'source/empty-answer': 'connectivity',
  'source/tls': 'tls',
  'source/unauthorised': 'credentials',
  'source/forbidden': 'permission',
};
/** So much of a row stands in one line of a terminal's screen, however many labels it has. */
const MOST_SHOWN = 400;
const MOST_OF_A_TEXT = 80;

/** What was thrown while `aspect` was tried, as a line of `outturn check`. A cancelled check is thrown on. */
export function failedFinding(thrown: unknown, aspect: string, stream?: string): Finding {
  const error = asOutturnError(thrown);
  if (error.code === 'internal' || error.code.startsWith('queue/')) throw thrown;
  return { level: 'error', aspect: ASPECTS[error.code] ?? aspect, stream, message: error.message, hint: error.hint };
}

/** One error for each field that `table` does not have, with the nearest one that it has. */
export function unknownFieldFindings(
  table: string,
  wanted: readonly string[],
  known: readonly string[],
  stream: string,
): Finding[] {
  return [...new Set(wanted)]
    .filter((name) => !known.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      const hint =
        meant === null
          ? `It has ${known.slice(0, 30).join(', ') || 'none that may be read'}.`
          : `Did you mean ${meant}?`;
      return { level: 'error', aspect: 'fields', stream, message: `${table} has no field ${name}`, hint };
    });
}

/**
 * One row as people read it, in one line: `2026-06-19T00:00:00Z (1h) team=a 7.5 h`, `2026-06-19 P-1001 12.50 EUR, actual opex,
 * key 4711/1`. Null: the page has none.
 */
export function firstRowLine({ measurements, costs }: Pick<ParsedPage, 'measurements' | 'costs'>): string | null {
  const [sample] = measurements;
  const [cost] = costs;
  if (sample !== undefined) return sampleWords(sample);
  return cost === undefined ? null : costWords(cost);
}

function sampleWords({ atMs, durationMs, labels, value, unit, numerator, denominator }: Measurement): string {
  const quotient =
    numerator === undefined || denominator === undefined ? '' : ` (${String(numerator)} of ${String(denominator)})`;
  const words = [
    `${new Date(atMs).toISOString().replace('.000Z', 'Z')}${durationMs === 0 ? '' : ` (${formatDurationMs(durationMs)})`}`,
    ...Object.entries(labels).map(([name, label]) => `${name}=${shortened(label)}`),
  ];
  // The figure is what is looked for: labels give way to it.
  const figure = `${value === null ? 'no value' : String(value)} ${unit}${quotient}`;
  const before = words.join(' ');
  const room = MOST_SHOWN - figure.length - 1;
  return `${before.length > room ? `${before.slice(0, room - 1)}…` : before} ${figure}`;
}

function costWords(cost: CostLine): string {
  const { postingDate, projectRef, amount, currency, kind, capitalisation, recurrence } = cost;
  const words = [
    `${postingDate} ${shortened(projectRef)} ${amount} ${currency}`,
    [kind, capitalisation, ...(recurrence === 'run' ? ['run'] : [])].join(' '),
    `key ${shortened(cost.sourceKey)}`,
  ];
  if (cost.document !== null && cost.document !== cost.sourceKey) words.push(`document ${shortened(cost.document)}`);
  if (cost.pool !== null) words.push(`pool ${shortened(cost.pool)}`);
  if (cost.cashDate !== null) words.push(`paid ${cost.cashDate}`);
  if (cost.correctionOf !== null) words.push(`corrects ${shortened(cost.correctionOf)}`);
  if (cost.text !== null) words.push(shortened(cost.text));
  return words.join(', ');
}

/** A text of the source, without what would break the line or steer the terminal. */
function shortened(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length > MOST_OF_A_TEXT ? `${line.slice(0, MOST_OF_A_TEXT - 1)}…` : line;
}

/** What became of one row for real; null: the source answered with none. */
export function sampleFinding(table: string, page: ParsedPage | null, stream: string): Finding {
  if (page === null)
    return {
      level: 'warning',
      aspect: 'sample',
      stream,
      message: `${table} answers with no row`,
      hint: 'Either there is none yet, or filter, company or access rights leave out all.',
    };
  const line = firstRowLine(page);
  if (line === null)
    return {
      level: 'warning',
      aspect: 'sample',
      stream,
      message: `the row gives nothing: ${page.warnings.join('; ')}`,
    };
  return { level: 'ok', aspect: 'sample', stream, message: `one row: ${line}` };
}
