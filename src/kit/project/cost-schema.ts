import { z } from 'zod';
import * as fields from '../fields.ts';

const kinds = ['budget', 'commitment', 'accrual', 'actual', 'forecast'] as const;
/** What a cost line and a planned cost have in common. */
export const costFields = {
  date: fields.localDate.meta({
    description: 'Accounting date: the period in which the cost counts.',
    examples: ['2026-06-01'],
  }),
  amount: fields.decimalString.meta({ description: 'Amount; negative for a credit.', examples: [12000, '499.90'] }),
  currency: fields.currency
    .meta({ description: "Currency of the amount. Default: the project's.", examples: ['EUR'] })
    .optional(),
  capitalisation: z.enum(['capex', 'opex']).prefault('opex').meta({ description: 'Capital or operating expense.' }),
  recurrence: z.enum(['one-off', 'run']).prefault('one-off').meta({ description: 'Once, or the cost of running.' }),
  pool: fields.text.meta({ description: 'Cost pool.', examples: ['Software'] }).optional(),
  text: fields.text.meta({ description: 'What it was for.', examples: ['Licences'] }).optional(),
};

export const costLineSchema = z
  .strictObject({
    ...costFields,
    id: fields.id.meta({ description: 'Names the line in evidence. Default: line-1, line-2 …' }).optional(),
    kind: z
      .enum(kinds)
      .prefault('actual')
      .meta({ description: 'What the amount is: only `actual` and `accrual` are cost to date.' }),
    cashDate: fields.localDate.meta({ description: 'When it was paid.', examples: ['2026-07-01'] }).optional(),
    document: fields.text.meta({ description: 'Number of the document.', examples: ['4711'] }).optional(),
    correctionOf: fields.text.meta({ description: 'Id of the line that this one corrects.' }).optional(),
  })
  .meta({ description: 'A cost written by hand.' });
