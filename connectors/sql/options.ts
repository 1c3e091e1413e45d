import { z } from 'zod';
import { exactlyOneMapping, fields, rowMappingShape } from '#kit';
import { problemsOfDsn } from './dsn.ts';
import { parametersOf, problemOf, windowParameters } from './query.ts';

const port = z.int().min(1).max(65_535);

export const tlsModes = ['disable', 'require', 'verify-full'] as const;

export const optionsSchema = z
  .strictObject({
    dsn: fields.secret
      .meta({
        description:
          'The whole address, `postgresql://user:password@host:port/database?sslmode=verify-full`, in place of host, port, database, user, password and tls.',
        examples: ['${env:ERP_DATABASE_URL}'],
        secret: true,
      })
      .optional(),
    host: fields.text
      .meta({ description: 'Host name or address, or the folder of a Unix socket.', examples: ['erp-db.example.com'] })
      .optional(),
    port: port.optional().meta({ description: 'Port. Default: 5432.', examples: [5432] }),
    database: fields.text.meta({ description: 'Name of the database.', examples: ['erp'] }).optional(),
    user: fields.text
      .meta({ description: 'Role to log in as: one that may only read.', examples: ['outturn_reader'] })
      .optional(),
    password: fields.secret
      .meta({
        description: 'Its password (SCRAM-SHA-256, MD5 or none).',
        examples: ['${env:ERP_DB_PASSWORD}'],
        secret: true,
      })
      .optional(),
    tls: z
      .strictObject({
        mode: z
          .enum(tlsModes)
          .default('verify-full')
          .meta({
            description:
              'verify-full: encrypted, and the certificate is of this host and of a known CA. require: encrypted, whoever answers. disable: plain text.',
            examples: ['verify-full'],
          }),
        caFile: fields.text
          .meta({
            description: 'CA certificates to trust besides the usual ones (PEM), relative to the configuration folder.',
            examples: ['ca.pem'],
          })
          .optional(),
        certFile: fields.text
          .meta({
            description: "The client's own certificate (PEM), where the server asks for one; with keyFile.",
            examples: ['client.pem'],
          })
          .optional(),
        keyFile: fields.text.meta({ description: 'Key of certFile (PEM).', examples: ['client.key'] }).optional(),
      })
      .optional()
      .meta({ description: 'How the connection is encrypted. Default: verify-full.' }),
    connectTimeout: fields.positiveDurationMs
      .prefault('10s')
      .meta({ description: 'How long connecting and logging in may take.', examples: ['10s'] }),
    statementTimeout: fields.positiveDurationMs.prefault('5m').meta({
      description: 'How long the server may work on one batch of rows; then it ends the query.',
      examples: ['5m'],
    }),
    concurrency: z
      .int()
      .min(1)
      .max(50)
      .default(2)
      .meta({
        description: 'Queries at once, for all connectors of this role and database in one process.',
        examples: [2],
      }),
    batchRows: z
      .int()
      .min(1)
      .max(50_000)
      .default(5_000)
      .meta({ description: 'Rows fetched, archived and parsed at once: bounds the memory.', examples: [5000] }),
  })
  .superRefine((options, ctx) => {
    const issue = (message: string, ...path: string[]): void => ctx.addIssue({ code: 'custom', message, path });
    if (options.dsn === undefined) {
      for (const name of ['host', 'database', 'user'] as const)
        if (options[name] === undefined) issue('is required, unless dsn gives it', name);
    } else {
      for (const name of ['host', 'port', 'database', 'user', 'password', 'tls'] as const)
        if (options[name] !== undefined) issue('dsn and this exclude each other: dsn says it already', name);
      for (const problem of problemsOfDsn(options.dsn)) issue(problem, 'dsn');
    }
    if ((options.tls?.certFile === undefined) !== (options.tls?.keyFile === undefined))
      issue('certFile and keyFile belong together', 'tls');
  });
export type SqlOptions = z.output<typeof optionsSchema>;

const parameterName = z.string().regex(/^[A-Za-z_]\w*$/, { error: 'expected a name of letters, digits and _' });

export const streamSchema = z
  .strictObject({
    query: fields.text.meta({
      description:
        'One SELECT (WITH, VALUES, TABLE). `:from` and `:to` are the window as timestamptz (half-open: `>= :from AND < :to`); `:from::date` is its day in the time zone of the mapping.',
      examples: ['SELECT day, team, hours FROM erp.hours WHERE day >= :from::date AND day <= :to::date'],
    }),
    parameters: z
      .record(parameterName, z.union([z.string(), z.number(), z.boolean()]))
      .default({})
      .meta({
        description:
          'More named parameters of the query: `company` is `:company` in it. They are bound, never pasted into it.',
        examples: [{ company: '1010' }],
      }),
    cursor: fields.text
      .meta({
        description:
          'Column by which the query is filtered and ordered (ORDER BY), a date or a time: a long pull that is broken off then goes on from there.',
        examples: ['changed_at'],
      })
      .optional(),
    interval: fields.positiveDurationMs
      .meta({
        description: 'Distance of two rows of a series, where they come at fixed times: tells gaps from zero.',
        examples: ['1h'],
      })
      .optional(),
    ...rowMappingShape,
  })
  .superRefine((stream, ctx) => {
    exactlyOneMapping(stream, ctx);
    const names = Object.keys(stream.parameters);
    for (const name of names)
      if (windowParameters.some((bound) => bound === name))
        ctx.addIssue({ code: 'custom', message: `:${name} is the window's own`, path: ['parameters', name] });
    const problem = problemOf(stream.query, [...windowParameters, ...names]);
    if (problem !== null) ctx.addIssue({ code: 'custom', message: problem, path: ['query'] });
    if (problem === null && stream.cursor !== undefined && !parametersOf(stream.query).includes('from'))
      ctx.addIssue({
        code: 'custom',
        message: 'the query does not use :from, so a cursor cannot resume it',
        path: ['cursor'],
      });
  });
export type SqlStream = z.output<typeof streamSchema>;
