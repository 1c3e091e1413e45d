import { z } from 'zod';
import { fields, templateNames } from '#kit';

/** A place in an answer: a JSON pointer (RFC 6901), else JSONata. */
export const locator = (description: string, ...examples: string[]) =>
  z.string().meta({ description, examples, expression: 'jsonata' });

/** JSONata alone. */
const expression = (description: string, ...examples: string[]) =>
  z.string().min(1, { error: 'must not be empty' }).meta({ description, examples, expression: 'jsonata' });

const template = (description: string, ...examples: string[]) => z.string().meta({ description, examples });

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, {
  error: 'expected a header name: letters, digits and hyphens',
});
const headersSchema = z
  .record(headerName, template('Header value.'))
  .default({})
  .meta({ description: 'Headers of this request; templates are filled.', examples: [{ Accept: 'application/json' }] });

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const querySchema = z
  .record(z.string().min(1), z.union([scalar, z.array(scalar)]))
  .default({})
  .meta({
    description:
      'Query parameters; a list repeats the name. Templates are filled and encoded; one that is a single placeholder without a value is left out.',
    examples: [{ since: '{{window.from}}', per_page: 100 }],
  });

const bodySchema = z
  .union([
    z
      .strictObject({ json: z.unknown().meta({ description: 'Sent as JSON; templates in its texts are filled.' }) })
      .meta({ description: 'JSON.' }),
    z
      .strictObject({
        form: z.record(z.string().min(1), scalar).meta({ description: 'Sent as `x-www-form-urlencoded`.' }),
      })
      .meta({ description: 'A form.' }),
    z.strictObject({ xml: template('Sent as `text/xml`; values are escaped.') }).meta({ description: 'XML.' }),
    z.strictObject({ text: template('Sent as it is, as `text/plain`.') }).meta({ description: 'Text.' }),
  ])
  .meta({ description: 'Body of the request: one of json, form, xml, text.', examples: [{ json: { size: 1000 } }] });

const targetSchema = z
  .union([
    z.strictObject({
      query: z
        .string()
        .min(1)
        .meta({ description: 'Query parameter.', examples: ['page'] }),
    }),
    z.strictObject({ header: headerName.meta({ description: 'Header.', examples: ['X-Cursor'] }) }),
    z.strictObject({
      body: z
        .string()
        .regex(/^\/./, { error: 'expected a JSON pointer such as /search_after' })
        .meta({
          description: 'JSON pointer into the body, or `/` and the name of a form field.',
          examples: ['/cursor'],
        }),
    }),
  ])
  .meta({ description: 'Where the next request says it.', examples: [{ query: 'cursor' }, { body: '/search_after' }] });
export type Target = z.output<typeof targetSchema>;

const hasMore = locator(
  'Where the source says whether there is more.',
  '/has_more',
  'meta.page < meta.pages',
).optional();
const total = locator('Where the source counts the rows of all pages.', '/total').optional();
const kind = <const K extends string>(name: K, description: string) => z.literal(name).meta({ description });

const paginateSchema = z
  .discriminatedUnion('kind', [
    z
      .strictObject({ kind: kind('link-header', 'The answer’s `Link` header with rel="next" (RFC 8288).') })
      .meta({ description: 'The next page’s address stands in the `Link` header.' }),
    z
      .strictObject({
        kind: kind('next-link', 'The next page’s address stands in the answer.'),
        at: locator('Where the address stands; blank or absent on the last page.', '/links/next'),
      })
      .meta({ description: 'The next page’s address stands in the answer.' }),
    z
      .strictObject({
        kind: kind('cursor', 'A token of the answer asks for the next page.'),
        at: locator('Where the token stands; blank or absent on the last page.', '/meta/next_cursor'),
        into: targetSchema.optional(),
        hasMore,
      })
      .meta({ description: 'A token of the answer asks for the next page.' }),
    z
      .strictObject({
        kind: kind('keyset', 'A field of the last row asks for what comes after it.'),
        field: z
          .string()
          .min(1)
          .meta({ description: 'Field of the last row; rows must be ordered by it.', examples: ['id', 'sort'] }),
        into: targetSchema.optional(),
        hasMore,
      })
      .meta({ description: 'A field of the last row asks for what comes after it.' }),
    z
      .strictObject({
        kind: kind('offset', 'The number of rows received so far.'),
        into: targetSchema.optional(),
        start: z.number().int().min(0).default(0).meta({ description: 'Offset of the first row.' }),
        hasMore,
        total,
      })
      .meta({ description: 'The number of rows received so far asks for the next page.' }),
    z
      .strictObject({
        kind: kind('page', 'The number of the page.'),
        into: targetSchema.optional(),
        first: z.number().int().min(0).default(1).meta({ description: 'Number of the first page.' }),
        hasMore,
        total,
        totalPages: locator('Where the source counts the pages.', '/meta/total_pages').optional(),
      })
      .meta({ description: 'The number of the page asks for it.' }),
  ])
  .meta({
    description:
      'How one page leads to the next. It ends where the source says so, else with an empty page; never with a short one.',
    examples: [{ kind: 'link-header' }, { kind: 'offset', into: { query: 'startAt' }, total: '/total' }],
  });
export type Paginate = z.output<typeof paginateSchema>;

const statusSchema = z
  .union([
    z.number().int().min(200).max(599),
    z.string().regex(/^[2-5]xx$/, { error: 'expected a status such as 404, or 5xx' }),
  ])
  .meta({ description: 'A status, or a class of them such as 5xx.', examples: [404, '5xx'] });

export const ruleSchema = z
  .strictObject({
    status: z
      .union([statusSchema, z.array(statusSchema).min(1)])
      .meta({ description: 'Statuses that it is about. Absent: every 2xx.', examples: [[409, '5xx']] })
      .optional(),
    when: expression(
      'JSONata that must be true of the body; `$status` and `$headers` are there as well. Absent: always.',
      'ok = false',
      '$exists(errors)',
    ).optional(),
    then: z.enum(['retry', 'ignore', 'fail', 'refresh-token']).meta({
      description:
        'retry: later again. ignore: an answer without rows. fail: a person must look. refresh-token: log in anew, ask once more.',
    }),
    message: expression('JSONata that gives what to tell people.', 'error.message').optional(),
    after: fields.positiveDurationMs
      .meta({ description: 'With retry: how long to wait, where the source does not say.', examples: ['1m'] })
      .optional(),
    meaning: z
      .enum(['unauthorised', 'forbidden', 'not-found', 'bad-request', 'partial'])
      .meta({ description: 'With fail: what it means. Absent: what the status says.', examples: ['unauthorised'] })
      .optional(),
  })
  .meta({ description: 'What an answer means. The first rule that fits counts.' });
export type Rule = z.output<typeof ruleSchema>;

const csvSchema = z
  .strictObject({
    delimiter: z
      .string()
      .length(1)
      .default(',')
      .meta({ description: 'Between two columns.', examples: [';'] }),
    header: z
      .array(z.string().min(1))
      .min(1)
      .meta({ description: 'Column names, for answers without a header line.', examples: [['day', 'visits']] })
      .optional(),
    skipLines: z.number().int().min(0).max(1000).default(0).meta({ description: 'Lines before the header line.' }),
  })
  .prefault({})
  .meta({ description: 'How CSV is written.' });

export const requestSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z_][\w-]*$/, { error: 'expected a name of letters, digits, _ and -' })
      .refine((name) => !['window', 'values', 'item', 'cursor'].includes(name), { error: 'has a meaning of its own' })
      .meta({
        description: 'Name under which later requests find its items: `{{NAME.field}}`.',
        examples: ['projects'],
      })
      .optional(),
    method: z
      .enum(['GET', 'POST'])
      .meta({ description: 'Absent: POST where there is a body, else GET.', examples: ['POST'] })
      .optional(),
    path: template(
      'Path below `url`. Templates are filled and encoded; an item’s own address may stand here as `{{item.url | raw}}`.',
      '/rest/api/3/search/jql',
      '/projects/{{item.id}}/issues',
    ).refine((text) => !/^[a-z][a-z0-9+.-]*:\/\//i.test(text), { error: 'is relative to url: leave the host out' }),
    query: querySchema,
    headers: headersSchema,
    body: bodySchema.optional(),
    format: z
      .enum(['json', 'ndjson', 'csv', 'xml', 'text'])
      .default('json')
      .meta({ description: 'What the source answers with.', examples: ['csv'] }),
    csv: csvSchema,
    paginate: paginateSchema.optional(),
    rules: z.array(ruleSchema).default([]).meta({ description: 'What answers to this request mean.' }),
    items: locator(
      'What the next request is made for, each once: a JSON pointer or JSONata that gives a list.',
      '/projects',
      'jobs[buildable].{"url": url}',
    ).optional(),
  })
  .meta({ description: 'One request of the chain.' });
export type RequestOptions = z.output<typeof requestSchema>;

/** What is sent, without what is made of the answer. */
export const loginRequestSchema = requestSchema.pick({
  method: true,
  path: true,
  query: true,
  headers: true,
  body: true,
});
export type SentRequest = z.output<typeof loginRequestSchema>;

/** Every text of a request in which placeholders are filled, with its path. */
export function templatesOf(request: SentRequest): { path: (string | number)[]; text: string }[] {
  const found: { path: (string | number)[]; text: string }[] = [];
  const walk = (value: unknown, path: (string | number)[]): void => {
    if (typeof value === 'string') found.push({ path, text: value });
    else if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, [...path, index]);
    else if (typeof value === 'object' && value !== null)
      for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
  };
  walk(request.path, ['path']);
  walk(request.query, ['query']);
  walk(request.headers, ['headers']);
  walk(request.body, ['body']);
  return found;
}

/** Whether the request asks for a window at all. */
export const isWindowed = (request: SentRequest): boolean =>
  templatesOf(request).some(({ text }) => templateNames(text).some((name) => name.startsWith('window.')));
