import { z } from 'zod';
import { exactlyOneMapping, fields, rowMappingShape } from '#kit';

export const optionsSchema = z.strictObject({
  version: z
    .enum(['v2', 'v4'])
    .default('v4')
    .meta({ description: 'OData version that the service speaks.', examples: ['v4', 'v2'] }),
  parameters: z
    .record(z.string().min(1), z.string())
    .default({})
    .meta({
      description:
        'Query parameters sent with every request that Outturn builds (next links are followed as they are).',
      examples: [{ 'sap-client': '100' }, { 'cross-company': 'true' }],
    }),
  rewriteLinks: z
    .boolean()
    .default(false)
    .meta({
      description:
        'Services behind a reverse proxy may name their inner host in next links. true: keep path and query of the link, ask the configured host.',
      examples: [true],
    }),
});
export type ODataOptions = z.output<typeof optionsSchema>;
export type ODataVersion = ODataOptions['version'];

export const cursorTypes = ['date', 'datetime', 'datetimeoffset', 'yyyymmdd'] as const;
export type CursorType = (typeof cursorTypes)[number];

const cursorSchema = z
  .strictObject({
    field: z
      .string()
      .min(1)
      .meta({
        description:
          'Field that the window filters on. The time of the last change catches late postings; a posting date needs a long `lookback`.',
        examples: ['LastChangeDateTime', 'PostingDate'],
      }),
    type: z.enum(cursorTypes).meta({
      description:
        'date: whole local days (V4 Edm.Date; V2 Edm.DateTime at midnight). datetime: V2 Edm.DateTime. datetimeoffset: Edm.DateTimeOffset. yyyymmdd: a string such as 20260131.',
      examples: ['date'],
    }),
  })
  .meta({ description: 'Limits each pull to its window. Absent: every pull reads the whole entity set.' });
export type Cursor = z.output<typeof cursorSchema>;

export const streamSchema = z
  .strictObject({
    entitySet: fields.text.meta({
      description: 'Entity set, as the service document names it.',
      examples: ['ProjectCosts'],
    }),
    filter: fields.text
      .meta({
        description: 'More conditions, in OData’s own words; joined to those of the window by `and`.',
        examples: ["CompanyCode eq '1010'"],
      })
      .optional(),
    cursor: cursorSchema.optional(),
    keys: z
      .array(z.string().min(1))
      .min(1)
      .meta({
        description:
          'Fields to order by after the cursor; together they should identify a row. Absent: `sourceKey` or `labels`.',
        examples: [['DocumentNo', 'Item']],
      })
      .optional(),
    pageSize: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .meta({
        description: 'Rows for each page that Outturn asks for (`Prefer: odata.maxpagesize`).',
        examples: [1000],
      }),
    count: z
      .boolean()
      .default(true)
      .meta({
        description:
          'Ask the service to count the rows, and compare. false only for services that cannot: then pages are read until an empty one.',
        examples: [false],
      }),
    ...rowMappingShape,
  })
  .superRefine(exactlyOneMapping);
export type ODataStream = z.output<typeof streamSchema>;

/** The time zone in which the source writes dates; null when the stream does not say. */
export function timeZoneOf(stream: ODataStream): string | null {
  return stream.measurements?.timeZone ?? stream.costs?.timeZone ?? null;
}
