import { z } from 'zod';
import { convertibleUnits, exactlyOneMapping, fields, mappedFields, rowMappingShape, unitConversion } from '#kit';

const businessCentralSchema = z
  .strictObject({
    tenant: fields.text.meta({
      description: 'Id or domain of the Microsoft Entra tenant.',
      examples: ['contoso.onmicrosoft.com'],
    }),
    environment: fields.text
      .default('production')
      .meta({ description: 'Name of the environment.', examples: ['production', 'sandbox'] }),
    api: z
      .string()
      .regex(/^(?:[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+\/)?(?:v\d+\.\d+|beta)$/, {
        error: 'expected v2.0, or publisher/group/version of an API of your own',
      })
      .default('v2.0')
      .meta({
        description: 'The API: `v2.0`, or publisher, group and version.',
        examples: ['v2.0', 'contoso/app/v1.0'],
      }),
  })
  .meta({
    description: 'Business Central online: where it is follows from tenant and environment, so `url` is not needed.',
  });

export const optionsSchema = z.strictObject({
  version: z
    .enum(['v2', 'v4'])
    .default('v4')
    .meta({ description: 'OData version that the service speaks.', examples: ['v4', 'v2'] }),
  businessCentral: businessCentralSchema.optional(),
  company: z
    .string()
    // Not z.guid(): its JSON Schema names a format that validators without extra packages do not know.
    .regex(/^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, {
      error: 'expected the id of a company, which outturn discover shows',
    })
    .meta({
      description:
        'Business Central: id of the company whose rows are meant. Put before each entity set as `companies(id)/`, unless it names one itself.',
      examples: ['5d115c9c-44e3-ea11-bb43-000d3a2feca1'],
    })
    .optional(),
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
    paging: z
      .enum(['links', 'keyset'])
      .default('links')
      .meta({
        description:
          'links: the service’s own next links. keyset: each page begins behind the last row of the one before, by cursor and keys; for services whose links repeat or lose rows while others are inserted.',
        examples: ['keyset'],
      }),
    expand: z
      .array(fields.text)
      .default([])
      .meta({
        description:
          'Navigation properties to read along, one level behind `/`. Their fields are then named by path, such as `Header/Currency`.',
        examples: [['Header'], ['Header', 'Header/Project']],
      }),
    apply: fields.text
      .meta({
        description:
          'V4: lets the service add up, in OData’s own words (`$apply`). The window and `filter` go before it; the mapping names what comes out.',
        examples: ['groupby((PostingDate,WbsElement,Currency),aggregate(Amount with sum as Total))'],
      })
      .optional(),
    sourceUnit: z
      .union([
        fields.text,
        z.strictObject({
          field: fields.text.meta({ description: 'Field with the unit of the row.', examples: ['QuantityUnit'] }),
          map: z
            .record(z.string(), z.string())
            .default({})
            .meta({ description: 'What the words of the source mean.', examples: [{ H: 'h', MIN: 'min' }] }),
        }),
      ])
      .meta({
        description: `Unit of the source’s values if it is another one than \`unit\`: converted. \`{ field, map }\`: each row names its own, and \`map\` says what the source’s words mean. Known: ${convertibleUnits.map((family) => family.join(', ')).join('; ')}.`,
        examples: ['min', { field: 'QuantityUnit', map: { H: 'h', MIN: 'min' } }],
      })
      .optional(),
    ...rowMappingShape,
  })
  .superRefine((stream, ctx) => {
    exactlyOneMapping(stream, ctx);
    checkApply(stream, ctx);
    checkUnit(stream, ctx);
    if (stream.paging === 'keyset' && orderOf(stream).length === 0)
      ctx.addIssue({ code: 'custom', path: ['keys'], message: 'paging: keyset needs keys: what identifies a row' });
  });
export type ODataStream = z.output<typeof streamSchema>;

/** The time zone in which the source writes dates; null when the stream does not say. */
export function timeZoneOf(stream: ODataStream): string | null {
  return stream.measurements?.timeZone ?? stream.costs?.timeZone ?? null;
}

/** Cursor first, then what identifies a row, so that pages do not overlap. */
export function orderOf(stream: Pick<ODataStream, 'cursor' | 'keys' | 'costs' | 'measurements'>): string[] {
  const keys = stream.keys ?? stream.costs?.sourceKey ?? stream.measurements?.labels ?? [];
  return [...new Set([...(stream.cursor === undefined ? [] : [stream.cursor.field]), ...keys])];
}

type Refined = Pick<ODataStream, 'apply' | 'expand' | 'cursor' | 'costs' | 'measurements' | 'sourceUnit'>;

function checkApply(stream: Refined, ctx: z.RefinementCtx): void {
  if (stream.apply === undefined) return;
  if (stream.expand.length > 0)
    ctx.addIssue({
      code: 'custom',
      path: ['expand'],
      message: 'cannot be together with apply: name the path in groupby',
    });
  // Else the window would cut through a group, and its sum would be too small.
  if (stream.cursor !== undefined && !mappedFields(stream).includes(stream.cursor.field))
    ctx.addIssue({
      code: 'custom',
      path: ['cursor', 'field'],
      message: 'with apply it must be a field that the rows are grouped by and the mapping names',
    });
}

function checkUnit({ sourceUnit, measurements }: Refined, ctx: z.RefinementCtx): void {
  if (sourceUnit === undefined) return;
  const issue = (path: string[], message: string) =>
    ctx.addIssue({ code: 'custom', path: ['sourceUnit', ...path], message });
  if (measurements?.value === undefined) issue([], 'only a value of measurements has a unit that can be converted');
  else if (typeof sourceUnit === 'string') {
    if (unitConversion(sourceUnit, measurements.unit) === null)
      issue([], `cannot be converted to ${measurements.unit}`);
  } else
    for (const [name, unit] of Object.entries(sourceUnit.map))
      if (unitConversion(unit, measurements.unit) === null)
        issue(['map', name], `${unit} cannot be converted to ${measurements.unit}`);
}
