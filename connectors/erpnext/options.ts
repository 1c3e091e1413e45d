import { z } from 'zod';
import { exactlyOneMapping, fields, perRequestOption, rowCursor, rowMappingShape } from '#kit';

export const optionsSchema = z.strictObject({
  api: z
    .enum(['v1', 'v2'])
    .default('v1')
    .meta({
      description:
        'v1: `/api/resource`, every version. v2: `/api/v2/document`, Frappe 15 and later; it says whether there are more rows.',
      examples: ['v1', 'v2'],
    }),
  timeZone: fields.timeZone.meta({
    description:
      'Time zone of the site (System Settings): Frappe writes `modified` and other times in it, without saying so.',
    examples: ['Asia/Kolkata', 'Europe/Berlin'],
  }),
});
export type ErpnextOptions = z.output<typeof optionsSchema>;

export const streamSchema = z
  .strictObject({
    doctype: fields.text.meta({
      description: 'DocType, as Frappe names it.',
      examples: ['GL Entry', 'Timesheet Detail'],
    }),
    parentDoctype: fields.text
      .meta({
        description: 'DocType whose rows these are, for child tables: Frappe 15 and later ask for it.',
        examples: ['Timesheet'],
      })
      .optional(),
    filters: z
      .array(z.array(z.json()).min(3).max(4))
      .default([])
      .meta({
        description: 'Which rows, as Frappe’s list of conditions.',
        examples: [[['company', '=', 'My Company']], [['docstatus', '=', 1]]],
      }),
    cursor: rowCursor('modified', 'posting_date'),
    pageSize: perRequestOption('Rows of one request.', { most: 10_000, usual: 1000, example: 1000 }),
    ...rowMappingShape,
  })
  .superRefine(exactlyOneMapping);
export type ErpnextStream = z.output<typeof streamSchema>;
