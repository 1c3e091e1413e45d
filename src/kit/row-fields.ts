import { Decimal, plain } from '../domain/money/index.ts';
import { readNumber } from './row-values.ts';

/**
 * A mapping may name the difference of two fields, as in ledgers that keep both sides (`debit - credit`), or a field with the
 * other sign (`- amount`).
 */
const DIFFERENCE = /^(?:(\S+) )?- (\S+)$/;

/** The fields that a source is asked for, each once: of a difference both. */
export function fieldsToRead(names: readonly string[]): string[] {
  return [
    ...new Set(
      names.flatMap((name) => {
        const [, left, right] = DIFFERENCE.exec(name) ?? [];
        if (right === undefined) return [name];
        return left === undefined ? [right] : [left, right];
      }),
    ),
  ];
}

/**
 * The cells of a row under the names of the mapping; `read` gives what the source sent for one field, undefined where the row
 * has no such field. A difference is exact; a blank side is missing, and so is the difference.
 */
export function namedCells(names: readonly string[], read: (name: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const [, left, right] = DIFFERENCE.exec(name) ?? [];
      const cell = right === undefined ? read(name) : difference(left === undefined ? '0' : read(left), read(right));
      return cell === undefined ? [] : [[name, cell] as const];
    }),
  );
}

function difference(left: unknown, right: unknown): unknown {
  const [minuend, subtrahend] = [readNumber(left), readNumber(right)];
  // What is no number is given on as it is: mapRows says what stands there.
  if (minuend.kind !== 'number') return left;
  if (subtrahend.kind !== 'number') return right;
  return plain(new Decimal(minuend.text).minus(subtrahend.text));
}
