import { z } from 'zod';
import { fields } from '#kit';

export const optionsSchema = z.strictObject({
  url: fields.httpUrl.prefault('https://www.ecb.europa.eu/stats/eurofxref').meta({
    description: 'Folder of the published files: that of the European Central Bank, or a mirror of it.',
    examples: ['https://www.ecb.europa.eu/stats/eurofxref'],
  }),
  maxFile: fields.bytes
    .meta({ description: 'A longer local file is an error instead of a full memory.', examples: ['64MiB'] })
    .prefault('64MiB'),
});
export type EcbOptions = z.output<typeof optionsSchema>;

const notZipped = (name: string): boolean => !/\.zip$/i.test(name);
const unpack = 'zipped files are not read: take the XML, or unpack the file and give its path';

export const streamSchema = z
  .strictObject({
    file: fields.text
      .refine(notZipped, unpack)
      .default('auto')
      .meta({
        description:
          'Which file below `url`, XML or CSV. auto: the smallest of eurofxref-daily.xml, eurofxref-hist-90d.xml and eurofxref-hist.xml that holds the window.',
        examples: ['auto', 'eurofxref-hist.xml'],
      }),
    path: fields.text
      .refine(notZipped, unpack)
      .meta({
        description:
          'Local file or glob instead, relative to the configuration folder; nothing is then asked for over the network.',
        examples: ['data/eurofxref-hist.csv'],
      })
      .optional(),
    currencies: z
      .array(fields.currency)
      .min(1)
      .meta({ description: 'Only these are kept. Absent: every currency of the file.', examples: [['USD', 'GBP']] })
      .optional(),
  })
  .refine(({ file, path }) => path === undefined || file === 'auto', {
    path: ['file'],
    error: 'file and path exclude each other: file is asked for over the network, path is local',
  });
export type EcbStream = z.output<typeof streamSchema>;
