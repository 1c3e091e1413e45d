import { PermanentError } from '../errors.ts';
import { shownValue } from '../shown-value.ts';

/**
 * JSON knows no NaN: what is not a number comes as null. Throws `source/bad-number` for anything else that is none.
 * `place` is only worked out for a complaint: a page may hold a million values.
 */
export function numberOrNull(value: unknown, place: () => string): number | null {
  if (value === null) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new PermanentError('source/bad-number', `${place()} is ${shownValue(value)}, not a number`);
}
