import { z } from 'zod';
import * as fields from '../fields.ts';
import { costLineSchema } from './cost-schema.ts';
import { discountSchema, fiscalCalendarSchema, priceBasisSchema, simulationSchema } from './finance-schema.ts';
import { metricSchema } from './metric-schema.ts';
import { planSchema } from './plan-schema.ts';
import { byId, dateInUse, LIMITS, share } from './shares.ts';
import { streamRef } from './source-schema.ts';

const deliverableSchema = z
  .strictObject({
    name: fields.text.meta({ description: 'Name for people. Default: the id.', examples: ['New checkout'] }).optional(),
    planned: dateInUse.meta({ description: 'When it was to be there.', examples: ['2026-06-24'] }),
    forecast: dateInUse.meta({ description: 'When it is expected by now.', examples: ['2026-07-01'] }).optional(),
    actual: dateInUse.meta({ description: 'When it was there; absent: not yet.', examples: ['2026-07-01'] }).optional(),
    metrics: z
      .array(fields.text)
      .max(LIMITS.metrics)
      .prefault([])
      .meta({ description: 'Ids of the metrics that it is meant to move.', examples: [['failed-checkouts']] }),
  })
  .meta({ description: 'Something that the project delivers.' });

const costSourceSchema = z
  .strictObject({
    ...streamRef,
    projectRef: fields.text.meta({
      description: 'What the cost lines of this project carry (WBS element, project code).',
      examples: ['P-1001'],
    }),
  })
  .meta({ description: 'Cost lines of a stream.' });

/**
 * A project as people write it, in YAML or to the API. Only the shape of each value: what several values mean together
 * is checked by `projectProblems`.
 */
export const projectSchema = z
  .strictObject({
    name: fields.text.meta({ description: 'Name for people.', examples: ['Checkout rewrite'] }),
    portfolio: fields.text.meta({ description: 'Portfolio that it belongs to.', examples: ['shop'] }).optional(),
    sponsor: fields.text.meta({ description: 'Who pays for it.', examples: ['Head of Commerce'] }).optional(),
    currency: fields.currency.meta({ description: 'Currency of all its figures.', examples: ['EUR'] }),
    timeZone: fields.timeZone
      .meta({ description: 'Time zone of its dates. Default: that of the settings.', examples: ['Europe/Berlin'] })
      .optional(),
    startsOn: dateInUse.meta({
      description: 'First day of the project: discounting starts here.',
      examples: ['2026-05-27'],
    }),
    horizonYears: z
      .int()
      .min(1)
      .max(100)
      .meta({ description: 'Years that are looked at. Default: 3.', examples: [3] })
      .optional(),
    horizonEndsOn: dateInUse
      .meta({ description: 'First day past the horizon, in place of `horizonYears`.', examples: ['2029-01-01'] })
      .optional(),
    convention: z.enum(['dated', 'tei', 'excel', 'green-book', 'servicenow']).prefault('dated').meta({
      description:
        'How flows are discounted. `dated`: each month on its day, act/365; the others by years of the project. `green-book` has its own rates.',
    }),
    discountRate: fields.rate.meta({ description: 'Discount rate per year.', examples: ['8 %', 0.08] }).optional(),
    discount: discountSchema.optional(),
    timing: z
      .enum(['start', 'mid', 'end'])
      .prefault('end')
      .meta({ description: 'When in a period its money flows, for discounting.' }),
    priceBasis: priceBasisSchema,
    fiscalCalendar: fiscalCalendarSchema,
    costRisk: share('Costs that are not spent yet are expected to come to so much more.', '0 %'),
    simulation: simulationSchema,
    costs: z
      .strictObject({
        sources: z
          .array(costSourceSchema)
          .max(LIMITS.costSources)
          .prefault([])
          .meta({ description: 'Streams with cost lines.' }),
        lines: z
          .array(costLineSchema)
          .max(LIMITS.costLines)
          .prefault([])
          .meta({ description: 'Costs written by hand.' }),
      })
      .prefault({})
      .meta({ description: 'What the project costs.' }),
    deliverables: byId(deliverableSchema, LIMITS.deliverables)
      .prefault({})
      .meta({
        description: 'What it delivers, by id.',
        examples: [{ 'new-checkout': { planned: '2026-06-24', metrics: ['failed-checkouts'] } }],
      }),
    metrics: byId(metricSchema, LIMITS.metrics).prefault({}).meta({ description: 'What it is meant to move, by id.' }),
    plans: byId(planSchema, LIMITS.plans)
      .prefault({})
      .meta({
        description: 'What was promised, by version. Actuals are compared with the version that was frozen last.',
        examples: [{ v1: { frozenOn: '2026-05-20', approvedBy: 'Investment board' } }],
      }),
  })
  .meta({ description: 'An IT project whose value is measured.' });

export type ProjectInput = z.output<typeof projectSchema>;
export type DeliverableInput = z.output<typeof deliverableSchema>;
