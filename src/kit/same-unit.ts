import { convertibleUnits, unitConversion } from './unit-conversion.ts';

const known: ReadonlySet<string> = new Set(convertibleUnits.flat());

/** Whether values in that unit can be converted, and so be compared with others. */
export const isConvertibleUnit = (unit: string): boolean => known.has(unit);

/**
 * Whether the unit that a source declares is another one than the one that its values are taken for. Only units that can
 * be told apart are compared (`ms` and `s`, `B/s` and `B`); a word that nobody knows contradicts nothing.
 */
export function unitsDisagree(declared: string, written: string): boolean {
  const source = declared.split('/');
  const stream = written.split('/');
  if (![...source, ...stream].every(isConvertibleUnit)) return false;
  return source.length !== stream.length || source.some((part, index) => !isSame(part, stream[index] ?? ''));
}

function isSame(one: string, other: string): boolean {
  return unitConversion(one, other)?.(1) === 1;
}
