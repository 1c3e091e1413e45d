import { z } from 'zod';
import { fields, fileOptionsShape } from '#kit';

export const optionsSchema = z.strictObject({
  maxFile: fields.bytes
    .meta({ description: 'A longer file (unpacked) is an error.', examples: ['50GiB'] })
    .prefault('50GiB'),
  ...fileOptionsShape,
});
export type FocusOptions = z.output<typeof optionsSchema>;

/** The metrics of FOCUS that are money. */
export const costColumns = ['BilledCost', 'EffectiveCost', 'ListCost', 'ContractedCost'] as const;
export const chargeCategories = ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'] as const;

const projectRef = z
  .strictObject({
    tag: fields.text.meta({ description: 'Key in the column Tags.', examples: ['project'] }).optional(),
    column: fields.text
      .meta({ description: 'A column, such as SubAccountId.', examples: ['SubAccountId', 'x_CostCategories'] })
      .optional(),
    value: fields.text.meta({ description: 'The same for every line.', examples: ['cloud'] }).optional(),
    map: z
      .record(z.string(), z.string().min(1))
      .default({})
      .meta({
        description: 'Found value → what projects name in costs.sources. Others stay as they are.',
        examples: [{ '123456789012': 'P-1001' }],
      }),
    otherwise: fields.text
      .meta({
        description: 'For lines without that tag or value. Absent: they are left out, with a warning.',
        examples: ['unallocated'],
      })
      .optional(),
  })
  .superRefine(({ tag, column, value }, ctx) => {
    if ([tag, column, value].filter((way) => way !== undefined).length !== 1)
      ctx.addIssue({ code: 'custom', message: 'expected exactly one of tag, column and value' });
  })
  .meta({
    description: 'What a project names in `costs.sources`, or the label `project` of a measurement.',
    examples: [{ tag: 'project' }, { column: 'SubAccountId' }],
  });

export const streamSchema = z.strictObject({
  path: fields.text.meta({
    description: 'Files or globs, relative to the configuration folder, or in S3: CSV, gzip too.',
    examples: ['s3://billing/focus/**/*.csv.gz', 'bills/*.csv'],
  }),
  projectRef,
  cost: z
    .enum(costColumns)
    .default('BilledCost')
    .meta({
      description: 'BilledCost: what is invoiced (cash). EffectiveCost: what was prepaid is spread over its use.',
      examples: ['EffectiveCost'],
    }),
  quantity: z
    .strictObject({
      column: z
        .enum(['ConsumedQuantity', 'PricingQuantity'])
        .default('ConsumedQuantity')
        .meta({ description: 'Which quantity.' }),
      sourceUnit: fields.text.meta({
        description: 'Only lines of this ConsumedUnit (or PricingUnit).',
        examples: ['GB-Hours'],
      }),
      unit: fields.text.meta({
        description: 'The unit, as the metrics of the projects name it.',
        examples: ['GB-Hours'],
      }),
    })
    .optional()
    .meta({ description: 'Makes measurements of quantities, one a day, in place of cost lines.' }),
  categories: z
    .array(z.enum(chargeCategories))
    .min(1)
    .default([...chargeCategories])
    .meta({ description: 'Which ChargeCategory counts.', examples: [['Usage', 'Purchase', 'Credit']] }),
  services: z.boolean().default(true).meta({ description: 'A line for each ServiceName; false: one for all of them.' }),
  date: z
    .enum(['charge', 'billing'])
    .default('charge')
    .meta({ description: 'Posted on the day of ChargePeriodStart, or on that of BillingPeriodStart.' }),
  currency: fields.currency
    .meta({ description: 'For files without the column BillingCurrency.', examples: ['USD'] })
    .optional(),
  recurrence: z
    .enum(['run', 'one-off'])
    .default('run')
    .meta({ description: 'A running cost, or one that comes once.' }),
  incremental: z
    .enum(['none', 'modified'])
    .default('none')
    .meta({
      description:
        'modified: a folder is read only when one of its files was written within the window (then the whole folder, for a bill is split over files). none: all, each time.',
      examples: ['modified'],
    }),
});
export type FocusStream = z.output<typeof streamSchema>;
