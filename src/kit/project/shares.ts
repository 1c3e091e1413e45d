import { z } from 'zod';
import * as fields from '../fields.ts';
import { compareDecimals } from '../units.ts';

/** Bounds of the lists in a project: more is a slip, and would only make every recompute slow. */
export const LIMITS = {
  rates: 500,
  rampSteps: 60,
  curvePoints: 1_000,
  deliverables: 500,
  plans: 200,
  plannedCosts: 2_000,
  costLines: 5_000,
  costSources: 100,
  metrics: 500,
  discountSteps: 100,
  inflationSteps: 200,
  fiscalYears: 100,
  fiscalPeriods: 60,
  fxRates: 100,
} as const;

/** A mapping by id with a bound on its size. */
export const byId = <T extends z.ZodType>(schema: T, most: number) =>
  z.record(fields.id, schema).refine((entries) => Object.keys(entries).length <= most, {
    error: `expected at most ${most} entries`,
  });

/** A date that periods are listed from or to: a year such as 0226 would ask for hundreds of thousands of them. */
export const dateInUse = fields.localDate.refine((date) => date >= '1970-01-01' && date < '2200-01-01', {
  error: 'expected a date from 1970 to 2199',
});
export const nonNegative = fields.decimalString.refine((value) => compareDecimals(value, '0') >= 0, {
  error: 'must not be negative',
});
export const share = (description: string, fallback: string) =>
  fields.fraction.prefault(fallback).meta({ description, examples: [fallback, 0.8] });
export const optionalShare = (description: string) =>
  fields.fraction.meta({ description, examples: ['80 %', 0.8] }).optional();

export const rampSchema = z
  .array(
    z
      .strictObject({
        afterMonths: z
          .int()
          .min(0)
          .max(600)
          .meta({ description: 'Months after the start of the benefit.', examples: [3] }),
        share: fields.fraction.meta({
          description: 'Share of the full effect that is expected by then.',
          examples: ['50 %'],
        }),
      })
      .meta({ description: 'A step of the ramp.' }),
  )
  .max(LIMITS.rampSteps);
