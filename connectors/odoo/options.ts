import { z } from 'zod';
import { exactlyOneMapping, fields, perRequestOption, rowCursor, rowMappingShape } from '#kit';

export const optionsSchema = z
  .strictObject({
    api: z
      .enum(['json-2', 'json-rpc'])
      .default('json-2')
      .meta({
        description:
          'json-2: Odoo 19 and later, with an API key as bearer token. json-rpc: older versions; it ends with Odoo 22. With `username` and `apiKey` the external API is used (`/jsonrpc`), with `auth: { kind: session }` that of the web client.',
        examples: ['json-2', 'json-rpc'],
      }),
    database: fields.text
      .meta({
        description: 'Name of the database. json-2 needs it only where one address has several.',
        examples: ['mycompany'],
      })
      .optional(),
    username: fields.text
      .meta({ description: 'Login of the user, for json-rpc with an API key.', examples: ['outturn@example.com'] })
      .optional(),
    apiKey: fields.secret
      .meta({
        description: 'API key or password of that user, for json-rpc: it stands in the body of each request.',
        examples: ['${env:ODOO_KEY}'],
        secret: true,
      })
      .optional(),
    companies: z
      .array(z.number().int().positive())
      .min(1)
      .meta({
        description:
          'Ids of the companies that are read (`allowed_company_ids`). Fields that depend on the company are those of the first. Absent: the default company of the user alone.',
        examples: [[1, 2]],
      })
      .optional(),
    language: z
      .string()
      .regex(/^[a-z]{2,3}(_[A-Z]{2})?(@[a-z]+)?$/, { error: 'expected a language of Odoo such as en_US' })
      .default('en_US')
      .meta({ description: 'Language of translated texts and messages.', examples: ['en_US', 'de_DE'] }),
  })
  .superRefine((options, ctx) => {
    const problem = (message: string, path: string) => ctx.addIssue({ code: 'custom', message, path: [path] });
    if ((options.username === undefined) !== (options.apiKey === undefined))
      problem('username and apiKey belong together', options.username === undefined ? 'apiKey' : 'username');
    if (options.api === 'json-2' && options.apiKey !== undefined)
      problem('json-2 takes its key by auth: { kind: bearer, token: … }', 'apiKey');
    if (options.api === 'json-rpc' && options.database === undefined) problem('json-rpc needs database', 'database');
  });
export type OdooOptions = z.output<typeof optionsSchema>;

export const streamSchema = z
  .strictObject({
    model: z
      .string()
      .regex(/^[a-z0-9_]+(\.[a-z0-9_]+)*$/i, { error: 'expected the name of a model such as account.move.line' })
      .meta({ description: 'Model, by its technical name.', examples: ['account.analytic.line', 'account.move.line'] }),
    domain: z
      .array(z.json())
      .default([])
      .meta({ description: 'Which records, as an Odoo domain.', examples: [[['parent_state', '=', 'posted']]] }),
    archived: z
      .boolean()
      .default(false)
      .meta({ description: 'Archived records too (`active_test: false`).', examples: [true] }),
    cursor: rowCursor('write_date', 'date'),
    pageSize: perRequestOption('Records of one request.', { most: 10_000, usual: 1000, example: 1000 }),
    ...rowMappingShape,
  })
  .superRefine(exactlyOneMapping);
export type OdooStream = z.output<typeof streamSchema>;
