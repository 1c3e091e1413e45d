import type { Finding, ParsedPage } from './connector.ts';
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
const MOST_SHOWN = 400;

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
  const sample = page.measurements[0] ?? page.costs[0];
  if (sample === undefined)
    return {
      level: 'warning',
      aspect: 'sample',
      stream,
      message: `the row gives nothing: ${page.warnings.join('; ')}`,
    };
  return { level: 'ok', aspect: 'sample', stream, message: `one row: ${JSON.stringify(sample).slice(0, MOST_SHOWN)}` };
}
