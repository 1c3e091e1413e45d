import { z } from 'zod';
import { dateFormats, exactlyOneMapping, fields, rowMappingShape } from '#kit';

export const optionsSchema = z.strictObject({
  maxFile: fields.bytes
    .meta({ description: 'A longer file is an error instead of a full memory.', examples: ['64MiB'] })
    .prefault('64MiB'),
});
export type FileOptions = z.output<typeof optionsSchema>;

export const streamSchema = z
  .strictObject({
    path: fields.text.meta({
      description: 'File or glob, relative to the configuration folder.',
      examples: ['data/seats-*.csv', 'data/**/costs.csv'],
    }),
    delimiter: z
      .enum(['auto', ',', ';', '\t', '|'])
      .default('auto')
      .meta({ description: 'Between two columns. auto: what the header line has most of.', examples: [';'] }),
    decimal: z
      .enum(['.', ','])
      .optional()
      .meta({ description: 'Decimal sign of numbers: `","` for 1.234,56.', examples: [','] }),
    dateFormat: z
      .enum(dateFormats)
      .default('iso')
      .meta({ description: 'Order of day, month and year in dates.', examples: ['dd.mm.yyyy'] }),
    header: z
      .array(z.string().min(1))
      .min(1)
      .meta({
        description: 'Column names, for files without a header line. Absent: the first line holds them.',
        examples: [['day', 'seats']],
      })
      .optional(),
    ...rowMappingShape,
  })
  .superRefine(exactlyOneMapping);
export type FileStream = z.output<typeof streamSchema>;
