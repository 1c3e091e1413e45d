import { z } from 'zod';
import * as fields from '../fields.ts';
import { lagField } from './lag.ts';
import { dateInUse, LIMITS, nonNegative, rampSchema, share } from './shares.ts';
import { seriesRef, sourceSchema } from './source-schema.ts';

const perPeriod = z.enum(['year', 'month']).meta({
  description: 'Stock that is held: the time that the amount is for. Default: `year`.',
  examples: ['year'],
});
export const rateSchema = z
  .strictObject({
    from: fields.localDate.meta({ description: 'First day on which the rate holds.', examples: ['2026-01-01'] }),
    to: fields.localDate
      .meta({ description: 'First day on which it no longer holds; absent: open.', examples: ['2027-01-01'] })
      .optional(),
    amount: nonNegative.meta({
      description: 'Money for one unit (for a stock: for one unit and `perPeriod`). Losses follow from `direction`.',
      examples: ['4.50'],
    }),
    currency: fields.currency
      .meta({ description: "Currency of the amount. Default: the project's.", examples: ['EUR'] })
      .optional(),
    per: fields.text.meta({ description: 'One of what, in words.', examples: ['failure'] }).optional(),
    perPeriod: perPeriod.optional(),
  })
  .meta({ description: 'What one unit is worth in a stretch of time.' });
/** What a unit was worth when a plan was frozen. */
export const plannedRateSchema = rateSchema.pick({ amount: true, currency: true, perPeriod: true }).meta({
  description: 'What one unit was worth. Default: the rate of the metric that was in force when the plan was frozen.',
});

const baselineSchema = z
  .strictObject({
    value: fields.decimalString
      .meta({ description: 'A fixed level per period (`cadence`).', examples: [118] })
      .optional(),
    n: z
      .int()
      .min(1)
      .max(1_000_000)
      .meta({ description: 'Of a value: how many periods it was found from.', examples: [12] })
      .optional(),
    sd: nonNegative
      .meta({ description: 'Of a value: standard deviation over those periods, for its doubt.', examples: ['9.4'] })
      .optional(),
    from: dateInUse
      .meta({ description: 'First day of the window that is measured.', examples: ['2026-05-27'] })
      .optional(),
    to: dateInUse.meta({ description: 'First day after the window.', examples: ['2026-07-01'] }).optional(),
    approvedBy: fields.text
      .meta({ description: 'Who vouches for the level.', examples: ['Head of Controlling'] })
      .optional(),
    frozenOn: dateInUse
      .meta({
        description: 'Corrections of its samples after this day change the level no more.',
        examples: ['2026-07-15'],
      })
      .optional(),
  })
  .meta({
    description: 'The level before the project: a value, or a window to measure. Absent: tracked, not monetised.',
  });

const trendSchema = z
  .union(
    [
      z.literal('window').meta({ description: 'A straight line through the periods of the baseline window.' }),
      z
        .strictObject({
          level: fields.decimalString.meta({
            description: 'Level in the first period that counts.',
            examples: [119],
          }),
          change: fields.decimalString.meta({ description: 'Change with each further period.', examples: [-1] }),
        })
        .meta({ description: 'A line that is given.' }),
    ],
    { error: 'expected window, or a mapping with level and change' },
  )
  .meta({ description: 'The movement before the project, carried forward.' });
const counterfactualSchema = z
  .union(
    [
      z.literal('constant').meta({ description: "The baseline's level throughout." }),
      z.strictObject({ trend: trendSchema }).meta({ description: 'A trend that would have gone on.' }),
      z
        .strictObject({
          control: z
            .strictObject({
              ...seriesRef,
              method: z.enum(['ratio', 'difference']).prefault('ratio').meta({
                description: "How it is brought to the baseline's level over its window: by factor or by difference.",
              }),
            })
            .meta({ description: 'A series that the project does not touch.' }),
        })
        .meta({ description: 'What a series did that the project does not touch.' }),
    ],
    { error: 'expected constant, { trend: … } or { control: … }' },
  )
  .prefault('constant')
  .meta({
    description: 'What would have been without the project. A trend or a control excludes a deadweight.',
    examples: ['constant', { trend: 'window' }],
  });

const startSchema = z
  .strictObject({
    deliverable: fields.text.meta({
      description: 'Id of a deliverable of the project.',
      examples: ['new-checkout'],
    }),
    lag: lagField.prefault('0d'),
  })
  .meta({
    description: 'The benefit begins so long after a deliverable is there. In place of `startsOn`.',
    examples: [{ deliverable: 'new-checkout', lag: '14d' }],
  });

export const metricSchema = z
  .strictObject({
    name: fields.text
      .meta({ description: 'Name for people. Default: the id.', examples: ['Failed checkouts'] })
      .optional(),
    owner: fields.text.meta({ description: 'Who answers for the figure.', examples: ['shop-ops'] }).optional(),
    benefitClass: z
      .enum(['cash-releasing', 'non-cash-releasing', 'quantitative', 'qualitative'])
      .prefault('non-cash-releasing')
      .meta({ description: 'Whether money is set free. Quantitative and qualitative ones are tracked only.' }),
    kind: z.enum(['flow', 'stock', 'ratio', 'percentile']).meta({
      description:
        '`flow`: adds up over time (failures); `stock`: a level (licences in use); `ratio`: numerator over denominator; `percentile`: one figure a period (p95 of a duration), never averaged.',
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
        description: 'Ratio and percentile: how many units it applies to per period; a number or a source.',
        examples: [1000],
      })
      .optional(),
    cadence: z
      .enum(['day', 'week', 'month', 'quarter', 'year'])
      .prefault('month')
      .meta({ description: 'The period that is compared.' }),
    freshnessLimit: fields.positiveDurationMs
      .meta({
        description:
          'Older newest samples make a digest call the metric stale. Default: two days after the next sample was due.',
        examples: ['2d'],
      })
      .optional(),
    baseline: baselineSchema.optional(),
    counterfactual: counterfactualSchema,
    stockValuation: z
      .enum(['holding', 'release'])
      .meta({
        description:
          'Stock only: `holding` values the mean level over time; `release` each fall or rise of the level once. Default: `holding`.',
      })
      .optional(),
    target: z
      .strictObject({
        value: fields.decimalString.meta({ description: 'Level to reach per period.', examples: [60] }),
        by: dateInUse.meta({ description: 'By when.', examples: ['2026-12-31'] }),
      })
      .meta({ description: 'What was promised.' })
      .optional(),
    rates: z
      .array(rateSchema)
      .max(LIMITS.rates)
      .prefault([])
      .meta({ description: 'What one unit is worth; stretches must not overlap.' }),
    attribution: share('Share of the movement that the project caused.', '100 %'),
    deadweight: share('Share that would have happened anyway. Only with a constant counterfactual.', '0 %'),
    displacement: share('Share that was only moved elsewhere.', '0 %'),
    confidence: share('How sure the benefit is; it never shrinks a loss.', '100 %'),
    dropOff: share('Share of the benefit that is lost with each whole year since its start; below 100 %.', '0 %'),
    ramp: rampSchema.prefault([]).meta({
      description: 'Forecasts only: how the effect grows, straight lines between the steps. Absent: in full at once.',
      examples: [[{ afterMonths: 6, share: '100 %' }]],
    }),
    startsOn: dateInUse
      .meta({
        description:
          'First day that counts as benefit. Default: the end of the baseline window, else the start of the project.',
        examples: ['2026-07-01'],
      })
      .optional(),
    start: startSchema.optional(),
    endsOn: dateInUse
      .meta({ description: 'First day that no longer counts; absent: open.', examples: ['2029-07-01'] })
      .optional(),
    claimKey: fields.text
      .meta({
        description:
          'What is claimed, over all projects: attributions of metrics with the same key come to at most 100 %.',
        examples: ['shop/failed-checkouts'],
      })
      .optional(),
  })
  .meta({ description: 'A measured value that the project is meant to move.' });

export type MetricInput = z.output<typeof metricSchema>;
