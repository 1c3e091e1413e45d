import type { PullWindow } from '../connector.ts';

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
