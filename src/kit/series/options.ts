import { z } from 'zod';
import * as fields from '../fields.ts';
import { convertibleUnits, unitConversion } from '../unit-conversion.ts';

const convertible = convertibleUnits.map((family) => family.join(' ')).join(' | ');

/** Length of an interval or distance of two points, in milliseconds once it is read: whole seconds. */
export const stepOption = (description: string, examples: readonly string[] = ['1h', '5m', '1d']) =>
  fields.positiveDurationMs
    .refine((stepMs) => stepMs >= 1000 && stepMs % 1000 === 0, { error: 'expected whole seconds, at least 1s' })
    .meta({ description, examples: [...examples] });

/** What a point stands for. */
export const sampleOption = (description: string) =>
  z.enum(['interval', 'instant']).meta({ description, examples: ['interval', 'instant'] });

/** Unit of the stored values. */
export const unitOption = (...examples: [string, ...string[]]) =>
  fields.text.meta({ description: 'Unit of the stored values.', examples });

/** Unit of the source's values; refine the stream with `refuseInconvertible`. */
export const sourceUnitOption = (description: string, ...examples: [string, ...string[]]) =>
  fields.text.optional().meta({ description: `${description} Known: ${convertible}.`, examples });

/** Names of what tells series apart. */
export const labelsOption = (description: string, example: readonly string[]) =>
  z
    .array(fields.text)
    .optional()
    .meta({ description, examples: [example, []] });

/** A text or several, as a list once it is read. */
export const oneOrMore = (what: z.ZodType<string, string> = fields.text) =>
  z.union([what, z.array(what).min(1)]).transform((written) => (typeof written === 'string' ? [written] : written));

/** How much of something one request asks for: from 1 to `most`, and as much unless `usual` is another number. */
export const perRequestOption = (
  description: string,
  { most, usual = most, example }: { most: number; usual?: number; example: number },
) =>
  z
    .int()
    .min(1)
    .max(most)
    .default(usual)
    .meta({ description, examples: [example] });

/** An issue where values of the source cannot become values of the stream. */
export function refuseInconvertible(
  { unit, sourceUnit }: { unit: string; sourceUnit?: string | undefined },
  ctx: z.RefinementCtx,
): void {
  if (sourceUnit === undefined || unitConversion(sourceUnit, unit) !== null) return;
  ctx.addIssue({
    code: 'custom',
    path: ['sourceUnit'],
    message: `cannot be converted to the unit of the stream; convertible are ${convertible}`,
  });
}
