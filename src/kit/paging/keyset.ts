import { PermanentError } from '../errors.ts';

/** What one row has of the order in which a table is read: a time (or date) as the source writes it, then a key that is unique. */
export interface KeysetRow {
  at: string;
  key: string;
}

/**
 * Which rows the next page asks for. `from`: those from a time on, in the order of time and key, without the keys in
 * `except`, which were read already. `within`: those of one time alone (null: of the whole table), in the order of their
 * keys. `at` null in `from`: the window's own beginning.
 */
export type KeysetStep =
  | { kind: 'from'; at: string | null; isAbove: boolean; except: readonly string[] }
  | { kind: 'within'; at: string | null; after: string | null; except: readonly string[] };

export const fromTheBeginning: KeysetStep = { kind: 'from', at: null, isAbove: false, except: [] };
export const byKeyAlone: KeysetStep = { kind: 'within', at: null, after: null, except: [] };

export interface KeysetRules {
  /** Beyond so many rows of the same time their keys are no longer listed, but read in the order of the key. */
  mostExcept: number;
  /** False where the source stores times finer than it shows them: rows of one shown time are then in no known order. */
  isExact: boolean;
  /** What the source says of further rows of the same request; null: nothing, so that only an empty page is the last. */
  hasMore: boolean | null;
}

/**
 * The step after a page; null after the last. Rows that move while pages are read go to the end of the order, and are
 * neither lost nor shifted into a page that was read. Throws `source/bad-shape` when a row comes that was excluded.
 */
export function nextKeysetStep(
  step: KeysetStep,
  rows: readonly KeysetRow[],
  { mostExcept, isExact, hasMore }: KeysetRules,
): KeysetStep | null {
  const excluded = new Set(step.except);
  const again = rows.find((row) => excluded.has(row.key));
  if (again !== undefined)
    throw new PermanentError(
      'source/bad-shape',
      `the source sends ${again.key.slice(0, 80)} again, which was excluded`,
      {
        hint: 'It does not heed the filter; nothing was stored.',
      },
    );
  const last = rows.at(-1);
  if (step.kind === 'within') {
    if (last !== undefined && hasMore !== false) return { ...step, after: last.key };
    return step.at === null ? null : { kind: 'from', at: step.at, isAbove: true, except: [] };
  }
  if (last === undefined || hasMore === false) return null;
  const seen = rows.filter((row) => row.at === last.at).map((row) => row.key);
  if (!step.isAbove && step.at === last.at) seen.unshift(...step.except);
  if (seen.length <= mostExcept) return { kind: 'from', at: last.at, isAbove: false, except: seen };
  return { kind: 'within', at: last.at, after: isExact ? last.key : null, except: isExact ? [] : seen };
}
