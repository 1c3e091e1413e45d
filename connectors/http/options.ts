import { z } from 'zod';
import {
  convertibleUnits,
  dateFormats,
  exactlyOneMapping,
  fields,
  rowMappingShape,
  templateNames,
  templateProblems,
  unitConversion,
} from '#kit';
import {
  locator,
  loginRequestSchema,
  type RequestOptions,
  requestSchema,
  ruleSchema,
  templatesOf,
} from './request-options.ts';

/** What of a stream says which rows there are; `explore` has the same without a mapping. */
const readingShape = {
  requests: z
    .array(requestSchema)
    .min(1)
    .meta({
      description:
        'One request, or a chain of any length: each is made once for each item of the one before. The last one’s answers hold the rows.',
      examples: [[{ path: '/v1/usage', query: { from: '{{window.from}}', to: '{{window.to}}' } }]],
    }),
  rows: locator(
    'Where the rows stand in the last request’s answers: a JSON pointer, or JSONata that gives objects. Absent: the answer itself.',
    '/data',
    'items.{"day": date, "hours": $sum(entries.hours)}',
  ).default(''),
  slice: fields.positiveDurationMs
    .meta({
      description:
        'Asks for the window in pieces of this length, one after the other, for sources that limit it. A long pull that breaks off goes on at the last whole piece.',
      examples: ['1d', '30d'],
    })
    .optional(),
  times: z
    .record(z.string().min(1), z.enum(['epochSeconds', 'epochMs', 'epochNanos']))
    .default({})
    .meta({
      description: 'Fields that hold a time as a number since 1970-01-01 UTC, and in which unit.',
      examples: [{ timestamp: 'epochMs' }],
    }),
};

const loginSchema = z
  .strictObject({
    request: loginRequestSchema.meta({
      description: 'The request that logs in; `{{username}}` and `{{password}}` are those of `auth`.',
      examples: [
        { method: 'POST', path: '/api/login', body: { json: { user: '{{username}}', password: '{{password}}' } } },
      ],
    }),
    token: z
      .union([
        z.strictObject({
          at: z
            .string()
            .regex(/^\//, { error: 'expected a JSON pointer such as /token' })
            .meta({ description: 'JSON pointer to the token in the answer.', examples: ['/data/token'] }),
        }),
        z.strictObject({
          header: z
            .string()
            .min(1)
            .meta({ description: 'Header of the answer that holds it.', examples: ['X-Token'] }),
        }),
        z.strictObject({
          cookies: z.literal(true).meta({ description: 'All cookies that the answer sets, sent back as they are.' }),
        }),
      ])
      .meta({ description: 'Where the token stands.', examples: [{ at: '/token' }, { cookies: true }] }),
    send: z
      .strictObject({
        header: z.string().min(1).default('Authorization').meta({ description: 'Header of every later request.' }),
        value: z
          .string()
          .default('Bearer {{token}}')
          .meta({ description: 'Its value, `{{token}}` in it.', examples: ['Token {{token}}'] }),
      })
      .prefault({})
      .meta({ description: 'How the token is shown to the source; cookies go into `Cookie`.' }),
    lifetime: fields.positiveDurationMs
      .meta({ description: 'How long it lasts, where the source does not say.', examples: ['30m'] })
      .optional(),
    expiresIn: z
      .string()
      .regex(/^\//, { error: 'expected a JSON pointer such as /expires_in' })
      .meta({ description: 'JSON pointer to the seconds that it lasts.', examples: ['/expires_in'] })
      .optional(),
  })
  .superRefine(({ request }, ctx) => {
    for (const { path, text } of templatesOf(request))
      for (const { message } of templateProblems(text, ['username', 'password', 'values.*']))
        ctx.addIssue({ code: 'custom', path: ['request', ...path], message });
  })
  .meta({ description: 'How `auth: { kind: session }` exchanges user and password for a token or cookies.' });
export type Login = z.output<typeof loginSchema>;

const exploreSchema = z
  .strictObject(readingShape)
  .superRefine((reading, ctx) => checkChain(reading.requests, ctx))
  .meta({ description: 'What to ask for.' });

export const optionsSchema = z.strictObject({
  values: z
    .record(z.string().regex(/^[A-Za-z_][\w-]*$/, { error: 'expected a name of letters, digits, _ and -' }), z.string())
    .default({})
    .meta({ description: 'Texts for templates: `{{values.NAME}}`.', examples: [{ organisation: 'acme' }] }),
  timeZone: fields.timeZone.default('UTC').meta({
    description: 'Time zone of the dates that templates write.',
    examples: ['Europe/Berlin'],
  }),
  rules: z.array(ruleSchema).default([]).meta({
    description: 'What answers mean, for all requests of streams (not the login); rules of a request come first.',
  }),
  rewriteLinks: z
    .boolean()
    .default(false)
    .meta({
      description:
        'Sources behind a reverse proxy may name their inner host in next links. true: keep path and query of the link, ask the configured host.',
      examples: [true],
    }),
  login: loginSchema.optional(),
  explore: z
    .record(fields.id, exploreSchema)
    .default({})
    .meta({ description: 'Requests that `outturn discover` makes to propose a stream for each, with its mapping.' }),
});
export type HttpOptions = z.output<typeof optionsSchema>;

const place = (description: string, ...examples: (string | number)[]) =>
  z.union([z.string().min(1), z.number().int().min(0)]).meta({ description, examples });

const seriesSchema = z
  .strictObject({
    each: locator('Where the series stand: one object each.', '/series', 'data.result'),
    points: z
      .string()
      .min(1)
      .meta({ description: 'Field of a series with its points.', examples: ['values', 'datapoints'] }),
    time: place('Place of the time in a point: an index or a field.', 0, 'ts').default(0),
    value: place('Place of the value in a point: an index or a field.', 1, 'v').default(1),
  })
  .meta({
    description:
      'Series of points in place of `rows`: each point becomes a row with `time`, `value` and the fields of its series.',
    examples: [{ each: '/series', points: 'pointlist' }],
  });

export const streamSchema = z
  .strictObject({
    ...readingShape,
    series: seriesSchema.optional(),
    optional: z
      .array(z.string().min(1))
      .default([])
      .meta({ description: 'Fields that a row may lack: taken as blank.', examples: [['cost_center']] }),
    decimal: z
      .enum(['.', ','])
      .meta({ description: 'Decimal sign of numbers in texts: `","` for 1.234,56.', examples: [','] })
      .optional(),
    dateFormat: z
      .enum(dateFormats)
      .default('iso')
      .meta({ description: 'Order of day, month and year in dates.', examples: ['dd.mm.yyyy'] }),
    sourceUnit: fields.text
      .meta({
        description: `Unit of the source’s values if it is another one than \`unit\`: converted. Known: ${convertibleUnits.map((family) => family.join(', ')).join('; ')}.`,
        examples: ['ms'],
      })
      .optional(),
    underWay: z
      .enum(['leave-out', 'keep'])
      .default('leave-out')
      .meta({ description: 'What becomes of values whose interval (`covers`) has not ended yet.', examples: ['keep'] }),
    interval: fields.positiveDurationMs
      .meta({
        description: 'Distance between two samples of a series, where the source has one: missing ones are noticed.',
        examples: ['1h'],
      })
      .optional(),
    ...rowMappingShape,
  })
  .superRefine((stream, ctx) => {
    exactlyOneMapping(stream, ctx);
    checkChain(stream.requests, ctx);
    if (stream.series !== undefined && stream.rows !== '')
      ctx.addIssue({ code: 'custom', path: ['series'], message: 'rows and series exclude each other' });
    checkUnit(stream.sourceUnit, stream.measurements, ctx);
  });
export type HttpStream = z.output<typeof streamSchema>;
/** What is needed to make the requests and find the rows. */
export type Reading = Pick<HttpStream, keyof typeof readingShape> & { series?: HttpStream['series'] };

function checkUnit(
  sourceUnit: string | undefined,
  mapping: { unit: string; value?: string | undefined } | undefined,
  ctx: z.RefinementCtx,
): void {
  if (sourceUnit === undefined) return;
  const at = { code: 'custom' as const, path: ['sourceUnit'] };
  if (mapping?.value === undefined)
    ctx.addIssue({ ...at, message: 'only a value of measurements has a unit that can be converted' });
  else if (unitConversion(sourceUnit, mapping.unit) === null)
    ctx.addIssue({ ...at, message: `${sourceUnit} cannot be converted to ${mapping.unit}` });
}

/** Items for all but the last request, and templates that name what is there. */
function checkChain(requests: readonly RequestOptions[], ctx: z.RefinementCtx): void {
  const ids: string[] = [];
  for (const [index, request] of requests.entries()) {
    const at = (...path: (string | number)[]) => ['requests', index, ...path];
    const isLast = index === requests.length - 1;
    if (!isLast && request.items === undefined)
      ctx.addIssue({
        code: 'custom',
        path: at('items'),
        message: 'is required: where the items stand for which the next request is made',
      });
    if (isLast && request.items !== undefined)
      ctx.addIssue({ code: 'custom', path: at('items'), message: 'has no next request; the rows stand in rows' });
    if (request.id !== undefined && ids.includes(request.id))
      ctx.addIssue({ code: 'custom', path: at('id'), message: 'another request has the same id' });
    const { paginate } = request;
    const counts = paginate !== undefined && paginate.kind !== 'link-header' && paginate.kind !== 'next-link';
    const known = [
      'window.from',
      'window.to',
      'values.*',
      ...(index > 0 ? ['item', 'item.*'] : []),
      ...ids.flatMap((id) => [id, `${id}.*`]),
      ...(counts ? ['cursor'] : []),
    ];
    let usesCursor = false;
    for (const { path, text } of templatesOf(request)) {
      for (const { message } of templateProblems(text, known))
        ctx.addIssue({ code: 'custom', path: at(...path), message });
      usesCursor ||= templateNames(text).includes('cursor');
    }
    if (counts && paginate.into === undefined && !usesCursor)
      ctx.addIssue({
        code: 'custom',
        path: at('paginate', 'into'),
        message: 'is required: where the next request says it, such as { query: page }, or {{cursor}} in the request',
      });
    if (counts && paginate.into !== undefined && 'body' in paginate.into && request.body === undefined)
      ctx.addIssue({ code: 'custom', path: at('paginate', 'into'), message: 'the request has no body' });
    if (request.id !== undefined) ids.push(request.id);
  }
}
