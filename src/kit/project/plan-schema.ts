import { z } from 'zod';
import * as fields from '../fields.ts';
import { costFields } from './cost-schema.ts';
import { plannedRateSchema } from './metric-schema.ts';
import { byId, dateInUse, LIMITS, optionalShare, rampSchema } from './shares.ts';

const curveSchema = z
  .array(
    z
      .strictObject({
        from: dateInUse.meta({ description: 'From this day on.', examples: ['2026-07-01'] }),
        value: fields.decimalString.meta({ description: 'Level per period.', examples: [90] }),
      })
      .meta({ description: 'A level of the plan.' }),
  )
  .min(1)
  .max(LIMITS.curvePoints)
  .meta({
    description: "What the metric's level is to be by date, ascending. Default: from its `target`.",
    examples: [[{ from: '2026-07-01', value: 90 }]],
  });

export const plannedBenefitSchema = z
  .strictObject({
    curve: curveSchema.optional(),
    interpolation: z
      .enum(['step', 'linear'])
      .meta({
        description:
          '`step`: a level holds until the next; `linear`: straight lines between, the last holds on. Default: `step`.',
      })
      .optional(),
    counterfactual: fields.decimalString
      .meta({
        description: 'Level without the project. Default: of a baseline that is a value, or of a trend that is given.',
        examples: [118],
      })
      .optional(),
    counterfactualChange: fields.decimalString
      .meta({ description: 'Its change with each period from the start on.', examples: [-1] })
      .optional(),
    rate: plannedRateSchema.optional(),
    exposure: fields.positiveDecimal
      .meta({
        description: "Ratio and percentile: units per period. Default: the metric's, where that is a number.",
        examples: [1000],
      })
      .optional(),
    attribution: optionalShare("Default: the metric's."),
    deadweight: optionalShare("Default: the metric's."),
    displacement: optionalShare("Default: the metric's."),
    confidence: optionalShare("Default: the metric's."),
    dropOff: optionalShare("Default: the metric's."),
    ramp: rampSchema.meta({ description: "How the effect grows. Default: the metric's.", examples: [[]] }).optional(),
    startsOn: dateInUse
      .meta({ description: "First day of the benefit. Default: the metric's.", examples: ['2026-07-01'] })
      .optional(),
    endsOn: dateInUse
      .meta({ description: "First day that no longer counts. Default: the metric's.", examples: ['2029-07-01'] })
      .optional(),
  })
  .meta({ description: 'What a plan promises of one metric; whatever is absent is taken from the metric.' });

const budgetRateSchema = z
  .strictObject({
    from: fields.currency,
    to: fields.currency,
    rate: fields.positiveDecimal.meta({ description: 'So many units of `to` for one of `from`.', examples: ['0.92'] }),
    validFrom: fields.localDate
      .meta({ description: 'First day on which it holds. Default: always.', examples: ['2026-01-01'] })
      .optional(),
    validTo: fields.localDate
      .meta({ description: 'First day on which it no longer holds; absent: open.', examples: ['2027-01-01'] })
      .optional(),
  })
  .meta({ description: 'A budget rate.' });

export const planSchema = z
  .strictObject({
    frozenOn: dateInUse.meta({ description: 'Day on which it was frozen.', examples: ['2026-05-20'] }),
    approvedBy: fields.text.meta({ description: 'Who approved it.', examples: ['Investment board'] }).optional(),
    note: fields.text.meta({ description: 'Why there is this version.', examples: ['Business case'] }).optional(),
    fx: z
      .array(budgetRateSchema)
      .max(LIMITS.fxRates)
      .prefault([])
      .meta({ description: 'Budget rates: the figures of the plan are converted by these and no others.' }),
    costs: z
      .array(z.strictObject(costFields).meta({ description: 'A planned cost.' }))
      .max(LIMITS.plannedCosts)
      .prefault([])
      .meta({ description: 'What it was to cost.', examples: [[{ date: '2026-06-01', amount: 12000 }]] }),
    benefits: byId(plannedBenefitSchema, LIMITS.metrics)
      .meta({
        description: 'What it was to bring, by id of the metric. Default: every metric with rates and a target.',
        examples: [{ 'failed-checkouts': {} }],
      })
      .optional(),
  })
  .meta({ description: 'A version of the plan. Once in force it never changes: a new promise is a new version.' });

export type PlanInput = z.output<typeof planSchema>;
export type PlannedBenefitInput = z.output<typeof plannedBenefitSchema>;
