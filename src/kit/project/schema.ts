import { z } from 'zod';
import * as fields from '../fields.ts';
import { costLineSchema } from './cost-schema.ts';
import { metricSchema } from './metric-schema.ts';
import { streamRef } from './source-schema.ts';

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

export type ProjectInput = z.output<typeof projectSchema>;
