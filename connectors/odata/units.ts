import { PermanentError, readNumber, textOfScalar, unitConversion } from '#kit';
import type { ODataStream } from './options.ts';

/** The rows' values in the unit of the stream, as cells under the names of the mapping. */
export interface ConvertedValue {
  name: string;
  text: string;
}

/**
 * A row's value converted from its own unit to the stream's; null where nothing is to be converted. Throws
 * `source/unit-mismatch` where the row has a unit that the stream's does not fit.
 */
export function convertedValue(
  cells: Readonly<Record<string, unknown>>,
  place: string,
  stream: ODataStream,
): ConvertedValue | null {
  const { sourceUnit, measurements } = stream;
  if (sourceUnit === undefined || measurements?.value === undefined) return null;
  const reading = readNumber(cells[measurements.value]);
  // What is blank or no number is for mapRows to say.
  if (reading.kind !== 'number') return null;
  const found = typeof sourceUnit === 'string' ? sourceUnit : textOfScalar(cells[sourceUnit.field] ?? '').trim();
  const unit = typeof sourceUnit === 'string' || !Object.hasOwn(sourceUnit.map, found) ? found : sourceUnit.map[found];
  const convert = unitConversion(unit ?? '', measurements.unit);
  if (convert !== null) return { name: measurements.value, text: String(convert(Number(reading.text))) };
  throw new PermanentError(
    'source/unit-mismatch',
    `${place}: the value is in ${found === '' ? 'no unit' : `"${found.slice(0, 40)}"`}, the stream declares ${measurements.unit}`,
    {
      hint:
        typeof sourceUnit === 'string'
          ? 'Mend sourceUnit.'
          : `Say under sourceUnit.map what the source’s unit means, or leave such rows out by filter.`,
      facts: { place, unit: found.slice(0, 40) },
    },
  );
}
