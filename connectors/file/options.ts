import { z } from 'zod';
import { dateFormats, exactlyOneMapping, fields, fileOptionsShape, rowMappingShape } from '#kit';

export const optionsSchema = z.strictObject({
  maxFile: fields.bytes
    .meta({
      description: 'A longer file (unpacked) is an error: a runaway export, or an archive made to burst.',
      examples: ['64MiB'],
    })
    .prefault('1GiB'),
  ...fileOptionsShape,
});
export type FileOptions = z.output<typeof optionsSchema>;

export const streamSchema = z
  .strictObject({
    path: fields.text.meta({
      description: 'File or glob, relative to the configuration folder, or in S3. Gzip is unpacked.',
      examples: ['data/seats-*.csv', 'data/**/costs.csv', 's3://exports/hr/*.csv.gz'],
    }),
    format: z
      .enum(['auto', 'csv', 'ndjson'])
      .default('auto')
      .meta({
        description: 'csv, or ndjson: one JSON object a line. auto: by the name (.ndjson, .jsonl, .json), else csv.',
        examples: ['ndjson'],
      }),
    incremental: z
      .enum(['none', 'modified'])
      .default('none')
      .meta({
        description:
          'modified: only files that were last written within the window (since the last pull, less lookback) are read. none: all, each time.',
        examples: ['modified'],
      }),
    delimiter: z
      .enum(['auto', ',', ';', '\t', '|'])
      .default('auto')
      .meta({
        description: 'Between two columns: comma, semicolon, tab or bar. auto: what the header line has most of.',
        examples: [';'],
      }),
    decimal: z
      .enum(['.', ','])
      .optional()
      .meta({
        description:
          'Decimal sign of numbers: `","` for 1.234,56. Absent: a lone comma such as in 1,234 is an error, because nobody can know what it means.',
        examples: [','],
      }),
    dateFormat: z
      .enum(dateFormats)
      .default('iso')
      .meta({
        description: 'Order of day, month and year in dates. iso: 2026-01-31, also 20260131.',
        examples: ['dd.mm.yyyy'],
      }),
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
