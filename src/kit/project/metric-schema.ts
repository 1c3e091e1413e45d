import { z } from 'zod';
import * as fields from '../fields.ts';
import { compareDecimals } from '../units.ts';
import { sourceSchema } from './source-schema.ts';

const nonNegative = fields.decimalString.refine((value) => compareDecimals(value, '0') >= 0, {
  error: 'must not be negative',
});
export const rateSchema = z
  .strictObject({
    from: fields.localDate.meta({ description: 'First day on which the rate holds.', examples: ['2026-01-01'] }),
    to: fields.localDate
      .meta({ description: 'First day on which it no longer holds; absent: open.', examples: ['2027-01-01'] })
      .optional(),
    amount: nonNegative.meta({
      description: 'Money for one unit (for a stock: for one unit and year). Losses follow from `direction`.',
      examples: ['4.50'],
    }),
    currency: fields.currency
      .meta({ description: "Currency of the amount. Default: the project's.", examples: ['EUR'] })
      .optional(),
    per: fields.text.meta({ description: 'One of what, in words.', examples: ['failure'] }).optional(),
  })
  .meta({ description: 'What one unit is worth in a stretch of time.' });

export const baselineSchema = z
  .strictObject({
    value: fields.decimalString
      .meta({ description: 'A fixed level per period (`cadence`).', examples: [118] })
      .optional(),
    from: fields.localDate
      .meta({ description: 'First day of the window that is measured.', examples: ['2026-05-27'] })
      .optional(),
    to: fields.localDate.meta({ description: 'First day after the window.', examples: ['2026-07-01'] }).optional(),
  })
  .superRefine((baseline, ctx) => {
    const { value, from, to } = baseline;
    const window = from !== undefined || to !== undefined;
    if (value !== undefined && window)
      ctx.addIssue({ code: 'custom', message: 'expected either value, or from and to: not both' });
    else if (value === undefined && !window)
      ctx.addIssue({ code: 'custom', message: 'expected value, or from and to' });
    else if (window && from === undefined)
      ctx.addIssue({ code: 'custom', path: ['from'], message: 'is required with to' });
    else if (window && to === undefined)
      ctx.addIssue({ code: 'custom', path: ['to'], message: 'is required with from' });
  })
  .meta({
    description: 'The level before the project: a value, or a window to measure. Absent: tracked, not monetised.',
  });

const share = (description: string, fallback: string) =>
  fields.fraction.prefault(fallback).meta({ description, examples: [fallback, 0.8] });

export const metricSchema = z
  .strictObject({
    name: fields.text
      .meta({ description: 'Name for people. Default: the id.', examples: ['Failed checkouts'] })
      .optional(),
    owner: fields.text.meta({ description: 'Who answers for the figure.', examples: ['shop-ops'] }).optional(),
    benefitClass: z
      .enum(['cash-releasing', 'non-cash-releasing', 'quantitative', 'qualitative'])
      .prefault('non-cash-releasing')
      .meta({ description: 'Whether money is set free.' }),
    kind: z.enum(['flow', 'stock', 'ratio']).meta({
      description:
        '`flow`: adds up over time (failures); `stock`: a level (licences in use); `ratio`: numerator over denominator.',
    }),
    unit: fields.text.meta({ description: 'Unit of the samples.', examples: ['failures'] }),
    direction: z.enum(['up', 'down']).meta({ description: 'Whether more (`up`) or less (`down`) is better.' }),
    source: sourceSchema,
    denominator: sourceSchema
      .meta({
        description: 'Ratio only: the series that the source is divided by; absent when the samples carry both.',
      })
      .optional(),
    exposure: z
      .union([fields.positiveDecimal, sourceSchema], {
        error: 'expected a number of units above 0, or a source (connector and stream)',
      })
      .meta({
        description: 'Ratio only: how many units the ratio applies to per period; a number or a source.',
        examples: [1000],
      })
      .optional(),
    cadence: z.enum(['day', 'week', 'month']).prefault('month').meta({ description: 'The period that is compared.' }),
    freshnessLimit: fields.positiveDurationMs
      .prefault('2d')
      .meta({ description: 'Older newest samples make a digest call the metric stale.', examples: ['2d'] }),
    baseline: baselineSchema.optional(),
    target: z
      .strictObject({
        value: fields.decimalString.meta({ description: 'Level to reach per period.', examples: [60] }),
        by: fields.localDate.meta({ description: 'By when.', examples: ['2026-12-31'] }),
      })
      .meta({ description: 'What was promised.' })
      .optional(),
    rates: z
      .array(rateSchema)
      .prefault([])
      .meta({ description: 'What one unit is worth; stretches must not overlap.' }),
    attribution: share('Share of the movement that the project caused.', '100 %'),
    deadweight: share('Share that would have happened anyway.', '0 %'),
    displacement: share('Share that was only moved elsewhere.', '0 %'),
    confidence: share('How sure the benefit is; it never shrinks a loss.', '100 %'),
    startsOn: fields.localDate
      .meta({
        description:
          'First day that counts as benefit. Default: the end of the baseline window, else the start of the project.',
        examples: ['2026-07-01'],
      })
      .optional(),
    endsOn: fields.localDate
      .meta({ description: 'First day that no longer counts; absent: open.', examples: ['2029-07-01'] })
      .optional(),
  })
  .superRefine((metric, ctx) => {
    if (metric.kind === 'ratio') return;
    for (const key of ['denominator', 'exposure'] as const)
      if (metric[key] !== undefined)
        ctx.addIssue({
          code: 'custom',
          path: [key],
          message: `belongs to ratio metrics only; this one is a ${metric.kind}`,
        });
  })
  .meta({ description: 'A measured value that the project is meant to move.' });

export type MetricInput = z.output<typeof metricSchema>;
