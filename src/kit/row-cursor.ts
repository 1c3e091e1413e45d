import { z } from 'zod';
import { localDateAt } from '../domain/time/index.ts';
import type { ParsedPage, PullWindow } from './connector.ts';
import type { RowMapping } from './row-schema.ts';

/** What a pull of rows limits to its window: the time of the last change, a field of its own, or nothing. */
export type RowCursor = 'changed' | 'none' | { field: string; type: 'date' | 'datetime' };

/**
 * A page of a stream whose every pull reads all: with `cursor: none` the cost lines that do not come again were deleted, or have
 * left the filter, and are withdrawn. A page without any line says nothing: an empty answer withdraws none.
 */
export const allOf = (page: ParsedPage, { cursor }: { cursor: RowCursor }): ParsedPage =>
  cursor === 'none' && page.costs.length > 0 ? { ...page, complete: [{ sourceKeyPrefix: '' }] } : page;

/** The option `cursor` of kinds whose source knows when each row was changed last; `changed` names that field for people. */
export const rowCursor = (changed: string, example: string) =>
  z
    .union([
      z.enum(['changed', 'none']),
      z.strictObject({
        field: z
          .string()
          .min(1)
          .meta({ description: 'Field that the window filters on.', examples: [example] }),
        type: z.enum(['date', 'datetime']).meta({ description: 'What it holds.', examples: ['date'] }),
      }),
    ])
    .default('changed')
    .meta({
      description: `What limits a pull to its window. changed: the time of the last change (${changed}), which catches late postings and corrections. \`{ field, type }\`: another field; a posting date needs a long \`lookback\`. none: every pull reads all, and cost lines that do not come again count as 0 from then on.`,
      examples: ['changed', { field: example, type: 'date' }],
    });

/** The time zone in which the mapping reads dates; null where it names none. */
export const zoneOfRows = (mapping: RowMapping): string | null =>
  mapping.measurements?.timeZone ?? mapping.costs?.timeZone ?? null;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const nextDate = (date: string): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);

/**
 * First and one past the last local date that the window touches: whole days, so that no row is lost. Without a zone it is
 * wider, by the 12 hours that clocks may be behind UTC and the 14 that they may be ahead.
 */
export function localDateRange(window: PullWindow, timeZone: string | null): { from: string; before: string } {
  const [behindMs, aheadMs] = timeZone === null ? [12 * HOUR_MS, 14 * HOUR_MS] : [0, 0];
  const zone = timeZone ?? 'UTC';
  return {
    from: localDateAt(window.fromMs - behindMs, zone),
    before: nextDate(localDateAt(window.toMs - 1 + aheadMs, zone)),
  };
}
