import { z } from 'zod';
import { compareDecimals, fields } from '#kit';

const nonNegative = fields.decimalString.refine((value) => compareDecimals(value, '0') >= 0, {
  error: 'must not be negative',
});
const streamRef = {
  connector: fields.text.meta({ description: 'Id of a connector.', examples: ['shop-metrics'] }),
  stream: fields.text.meta({ description: 'Id of one of its streams.', examples: ['failed-checkouts'] }),
};
export const sourceSchema = z
  .strictObject({
    ...streamRef,
    labels: fields.labels.prefault({}).meta({
      description: 'Only series with these labels; several matching series are added up.',
      examples: [{ team: 'shop' }],
    }),
  })
  .meta({ description: 'Where the samples come from.' });

const costKinds = ['budget', 'commitment', 'accrual', 'actual', 'forecast'] as const;
export const costLineSchema = z
  .strictObject({
    id: fields.id.meta({ description: 'Names the line in evidence. Default: line-1, line-2 …' }).optional(),
    date: fields.localDate.meta({
      description: 'Accounting date: the period in which the cost counts.',
      examples: ['2026-06-01'],
    }),
    amount: fields.decimalString.meta({ description: 'Amount; negative for a credit.', examples: [12000, '499.90'] }),
    currency: fields.currency
      .meta({ description: "Currency of the amount. Default: the project's.", examples: ['EUR'] })
      .optional(),
    kind: z
      .enum(costKinds)
      .prefault('actual')
      .meta({ description: 'What the amount is: only `actual` and `accrual` are cost to date.' }),
    capitalisation: z.enum(['capex', 'opex']).prefault('opex').meta({ description: 'Capital or operating expense.' }),
    recurrence: z.enum(['one-off', 'run']).prefault('one-off').meta({ description: 'Once, or the cost of running.' }),
    pool: fields.text.meta({ description: 'Cost pool.', examples: ['Software'] }).optional(),
    cashDate: fields.localDate.meta({ description: 'When it was paid.', examples: ['2026-07-01'] }).optional(),
    document: fields.text.meta({ description: 'Number of the document.', examples: ['4711'] }).optional(),
    correctionOf: fields.text.meta({ description: 'Id of the line that this one corrects.' }).optional(),
    text: fields.text.meta({ description: 'What it was for.', examples: ['Licences'] }).optional(),
  })
  .meta({ description: 'A cost written by hand.' });

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

export const projectSchema = z
  .strictObject({
    name: fields.text.meta({ description: 'Name for people.', examples: ['Checkout rewrite'] }),
    portfolio: fields.text.meta({ description: 'Portfolio that it belongs to.', examples: ['shop'] }).optional(),
    sponsor: fields.text.meta({ description: 'Who pays for it.', examples: ['Head of Commerce'] }).optional(),
    currency: fields.currency.meta({ description: 'Currency of all its figures.', examples: ['EUR'] }),
    timeZone: fields.timeZone
      .meta({ description: 'Time zone of its dates. Default: that of the settings.', examples: ['Europe/Berlin'] })
      .optional(),
    startsOn: fields.localDate.meta({
      description: 'First day of the project: discounting starts here.',
      examples: ['2026-05-27'],
    }),
    horizonYears: z
      .int()
      .min(1)
      .max(50)
      .prefault(3)
      .meta({ description: 'Years that are looked at.', examples: [3] }),
    discountRate: fields.rate.meta({ description: 'Discount rate per year.', examples: ['8 %', 0.08] }),
    timing: z
      .enum(['start', 'mid', 'end'])
      .prefault('end')
      .meta({ description: 'When in a period its money flows, for discounting.' }),
    costs: z
      .strictObject({
        sources: z
          .array(
            z
              .strictObject({
                ...streamRef,
                projectRef: fields.text.meta({
                  description: 'What the cost lines of this project carry (WBS element, project code).',
                  examples: ['P-1001'],
                }),
              })
              .meta({ description: 'Cost lines of a stream.' }),
          )
          .prefault([])
          .meta({ description: 'Streams with cost lines.' }),
        lines: z.array(costLineSchema).prefault([]).meta({ description: 'Costs written by hand.' }),
      })
      .prefault({})
      .meta({ description: 'What the project costs.' }),
    metrics: z.record(fields.id, metricSchema).prefault({}).meta({ description: 'What it is meant to move, by id.' }),
  })
  .meta({ description: 'An IT project whose value is measured.' });

export const fxRateSchema = z
  .strictObject({
    from: fields.currency,
    to: fields.currency,
    rate: fields.positiveDecimal.meta({ description: 'So many units of `to` for one of `from`.', examples: ['0.92'] }),
    validFrom: fields.localDate.meta({ description: 'First day on which it holds.', examples: ['2026-01-01'] }),
    validTo: fields.localDate
      .meta({ description: 'First day on which it no longer holds; absent: open.', examples: ['2027-01-01'] })
      .optional(),
    source: fields.text
      .prefault('configuration')
      .meta({ description: 'Where the rate comes from.', examples: ['treasury'] }),
  })
  .meta({ description: 'An exchange rate.' });

export type ProjectInput = z.output<typeof projectSchema>;
export type MetricInput = z.output<typeof metricSchema>;
export type FxRateInput = z.output<typeof fxRateSchema>;
