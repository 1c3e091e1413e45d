import type { Finding } from '../connector.ts';
import { PermanentError } from '../errors.ts';
import { unitsDisagree } from '../same-unit.ts';
import { unitConversion } from '../unit-conversion.ts';

interface StreamUnits {
  unit: string;
  sourceUnit?: string | undefined;
}

/**
 * What turns a value of the source into one of the stream. Throws `source/unit-mismatch` where there is no such
 * thing, and what it gives throws `source/bad-number` for what is too large afterwards.
 */
export function streamConversion({ unit, sourceUnit = unit }: StreamUnits, place: string): (value: number) => number {
  const convert = unitConversion(sourceUnit, unit);
  if (convert !== null)
    return sourceUnit === unit
      ? convert
      : (value) => finite(convert(value), `${place}: ${value} ${sourceUnit} in ${unit}`);
  throw new PermanentError('source/unit-mismatch', `${place}: ${sourceUnit} cannot be converted to ${unit}`);
}

function finite(value: number, what: string): number {
  if (Number.isFinite(value)) return value;
  throw new PermanentError('source/bad-number', `${what} is larger than any number`);
}

/** How a stream in `unit` is mended whose source has its values in `declared`; `otherwise`: where that is no conversion. */
export function sourceUnitHint(declared: string, unit: string, otherwise = 'Correct unit, or the query.'): string {
  if (unitConversion(declared, unit) === null) return otherwise;
  // A bare % begins nothing in YAML.
  const written = /^\w/.test(declared) ? declared : `"${declared}"`;
  return `Write \`sourceUnit: ${written}\`; the values are then converted to ${unit}.`;
}

/** An error when the source says another unit of the metric than the stream; `declared` null: it says none. */
export function unitFindings(
  declared: string | null,
  { unit, sourceUnit = unit }: StreamUnits,
  stream: string,
  otherwise?: string,
): Finding[] {
  if (declared === null || !unitsDisagree(declared, sourceUnit)) return [];
  return [
    {
      level: 'error',
      aspect: 'unit',
      stream,
      message: `The metric is in ${declared}, the stream takes its values for ${sourceUnit}.`,
      hint: sourceUnitHint(declared, unit, otherwise),
    },
  ];
}
