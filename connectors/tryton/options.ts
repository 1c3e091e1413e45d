import { z } from 'zod';
import { exactlyOneMapping, fields, perRequestOption, rowCursor, rowMappingShape } from '#kit';

export const optionsSchema = z.strictObject({
  database: fields.text.meta({ description: 'Name of the database; it stands in every address.', examples: ['erp'] }),
  company: z
    .number()
    .int()
    .positive()
    .meta({
      description:
        'Id of the company whose documents are read. Absent: the one in the preferences of the user. Without any, most documents answer with no row.',
      examples: [1],
    })
    .optional(),
  language: z
    .string()
    .regex(/^[a-z]{2,3}(_[A-Z]{2})?$/, { error: 'expected a language of Tryton such as en or de' })
    .default('en')
    .meta({ description: 'Language of translated texts.', examples: ['en', 'de'] }),
});
export type TrytonOptions = z.output<typeof optionsSchema>;

export const streamSchema = z
  .strictObject({
    model: z
      .string()
      .regex(/^[a-z0-9_]+(\.[a-z0-9_]+)*$/i, { error: 'expected the name of a model such as timesheet.line' })
      .meta({ description: 'Model, as Tryton names it.', examples: ['timesheet.line', 'analytic_account.line'] }),
    domain: z
      .array(z.json())
      .default([])
      .meta({ description: 'Which records, as a Tryton domain.', examples: [[['employee.company', '=', 1]]] }),
    cursor: rowCursor('write_date, or create_date of what never changed', 'date'),
    pageSize: perRequestOption('Records of one request.', { most: 10_000, usual: 1000, example: 1000 }),
    ...rowMappingShape,
  })
  .superRefine(exactlyOneMapping);
export type TrytonStream = z.output<typeof streamSchema>;
