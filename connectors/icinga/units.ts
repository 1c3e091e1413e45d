import { isConvertibleUnit, PermanentError, unitConversion } from '#kit';
import type { IcingaStream } from './options.ts';

/** What plugins write for both 1000 and 1024, by what each can be. */
const TWO_MEANINGS: Readonly<Record<string, readonly [string, string]>> = {
  kB: ['kB', 'KiB'],
  MB: ['MB', 'MiB'],
  GB: ['GB', 'GiB'],
  TB: ['TB', 'TiB'],
};

/**
 * What turns a value with that unit of measurement into one in the stream's unit. Throws `source/unit-mismatch` where the
 * two contradict each other, or where the unit has two meanings and the stream does not say which.
 */
export function conversionOf(uom: string | null, stream: IcingaStream, place: string): (value: number) => number {
  const written = stream.sourceUnit ?? stream.unit;
  const declared = unitConversion(written, stream.unit) ?? ((value: number) => value);
  if (uom === null) return declared;
  const meanings = TWO_MEANINGS[uom];
  if (meanings !== undefined) {
    if (meanings.includes(written)) return declared;
    throw mismatch(
      place,
      uom,
      written,
      `Write \`sourceUnit: ${meanings[1]}\` (1024) or \`sourceUnit: ${meanings[0]}\` (1000), as the plugin means it.`,
    );
  }
  if (!isConvertibleUnit(uom)) {
    if (uom === written || !isConvertibleUnit(written)) return declared;
    throw mismatch(place, uom, written, 'Correct unit, or the plugin.');
  }
  const convert = unitConversion(uom, stream.unit);
  const contradicts = stream.sourceUnit !== undefined && unitConversion(uom, stream.sourceUnit)?.(1) !== 1;
  if (convert !== null && !contradicts) return convert;
  throw mismatch(
    place,
    uom,
    written,
    convert === null ? `Write \`unit: ${uom}\`.` : 'Leave sourceUnit out: the plugin says its unit.',
  );
}

const mismatch = (place: string, uom: string, written: string, hint: string): PermanentError =>
  new PermanentError('source/unit-mismatch', `${place} is in ${uom}, the stream takes its values for ${written}`, {
    hint,
  });
