import type { PullWindow } from '../connector.ts';

/** A source may warn of each of its thousand series, at any length. */
const MOST_SAID = 20;
const LONGEST_SAID = 600;

/** What a source says, or is said of it, shortened; of more than twenty warnings the rest is counted. */
export function fewOf(warnings: Iterable<string>): string[] {
  const all = [...warnings];
  const few = all.slice(0, MOST_SAID).map((text) => text.slice(0, LONGEST_SAID));
  return all.length > MOST_SAID ? [...few, `and ${all.length - MOST_SAID} more warnings`] : few;
}

/** Why a point is left out whose interval lies in no window of the request, or in two. */
export const OUTSIDE_OF_REQUEST = 'its interval does not lie within what was asked for';

/** `subject`: what was asked for, such as `query`. */
export function noSeriesWarning(subject: string, span: PullWindow): string {
  return `the ${subject} gives no series between ${betweenInstants(span)}`;
}

/** `2026-06-01T00:00:00.000Z and 2026-06-02T00:00:00.000Z`. */
export function betweenInstants({ fromMs, toMs }: PullWindow): string {
  return `${new Date(fromMs).toISOString()} and ${new Date(toMs).toISOString()}`;
}

/** A source may answer in intervals of its own; each is stored with its true length. */
export function otherIntervalWarning(source: string, comesMs: number, askedMs: number): string {
  return `${source} answers in intervals of ${comesMs / 1000} s, asked for were ${askedMs / 1000} s; they are stored as they are`;
}
