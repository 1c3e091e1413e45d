import { z } from 'zod';
import { fields } from '#kit';
import { budgetSchema } from './account.ts';
import { authSchema, headerName } from './auth.ts';
import { scheduleShorthand } from './schedule.ts';

const headerValue = z
  .string()
  .regex(/^[^\r\n\0]*$/, { error: 'a header value must be one line' })
  .meta({ description: 'Header value.' });

const timing = {
  since: fields.since
    .meta({
      description:
        'Where the first pull starts: a duration before now, a date (its midnight in `settings.timeZone`) or a date-time with offset. Default: 180d.',
      examples: ['180d', '2026-01-01'],
    })
    .optional(),
  lookback: fields.durationMs
    .meta({
      description: 'How far each pull reads back before what it has, to catch corrections. Default: 2d.',
      examples: ['2d'],
    })
    .optional(),
  finalAfter: fields.durationMs
    .meta({
      description: 'Samples younger than this are provisional: digests do not headline them. Default: 1h.',
      examples: ['1h'],
    })
    .optional(),
};
export const timingDefaults: { since: fields.Since; lookbackMs: number; finalAfterMs: number } = {
  since: { kind: 'ago', durationMs: 180 * 86_400_000 },
  lookbackMs: 2 * 86_400_000,
  finalAfterMs: 3_600_000,
};

/** What every stream may have, beside what its kind adds. */
export const streamBase = {
  ...timing,
  schedule: scheduleShorthand
    .meta({
      description: "When this stream is pulled, instead of the connector's schedule.",
      examples: ['*/15 * * * *'],
    })
    .optional(),
};

/** What every connector may have, whatever its kind. */
export const connectorBase = {
  ...timing,
  schedule: scheduleShorthand
    .meta({
      description: 'When its streams are pulled (one job a stream). Absent: only by hand.',
      examples: ['*/15 * * * *'],
    })
    .optional(),
};

/** What connectors that speak HTTP have besides. */
export const httpBase = {
  url: fields.httpUrl.meta({
    description: 'Address of the source, without credentials: those belong in `auth`.',
    examples: ['https://prometheus.example.com'],
  }),
  auth: authSchema.prefault({ kind: 'none' }),
  timeout: fields.positiveDurationMs
    .prefault('30s')
    .meta({ description: 'How long one request may take.', examples: ['30s'] }),
  maxResponse: fields.bytes
    .prefault('32MiB')
    .meta({ description: 'A longer answer is refused, so that memory stays bounded.', examples: ['32MiB'] }),
  account: fields.id
    .meta({ description: 'Id of the account whose limits it shares with others.', examples: ['sap-prod'] })
    .optional(),
  budget: budgetSchema.optional(),
  tls: z
    .strictObject({
      caFile: fields.text
        .meta({
          description: 'Certificates to trust besides the usual ones (PEM), relative to the configuration folder.',
          examples: ['ca.pem'],
        })
        .optional(),
      certFile: fields.text
        .meta({
          description:
            'mTLS: certificate that this client shows (PEM, the chain after it), relative to the configuration folder.',
          examples: ['client.pem'],
        })
        .optional(),
      keyFile: fields.text
        .meta({
          description: 'mTLS: private key of `certFile` (PEM), relative to the configuration folder.',
          examples: ['client.key'],
        })
        .optional(),
      keyPassphrase: fields.secret
        .meta({ description: 'Passphrase of `keyFile`.', examples: ['${env:CLIENT_KEY_PASSPHRASE}'], secret: true })
        .optional(),
      insecure: z
        .boolean()
        .prefault(false)
        .meta({ description: 'Accept any certificate. Only for tests: credentials can be read on the way.' }),
    })
    .prefault({})
    .meta({ description: 'How TLS is verified, and how this client shows who it is.' }),
  proxy: z
    .string()
    .refine((text) => URL.canParse(text) && /^https?:\/\//i.test(text), { error: 'expected http://host:port' })
    .meta({ description: 'HTTP proxy.', examples: ['http://proxy.example.com:3128'], secret: true })
    .optional(),
  allowPrivateRedirects: z
    .boolean()
    .prefault(false)
    .meta({ description: 'Follow redirects into private address ranges.' }),
  headers: z
    .record(headerName, headerValue)
    .prefault({})
    .meta({ description: 'Headers sent with each request.', examples: [{ 'X-Scope-OrgID': 'team' }] }),
};

export const connectorBaseSchema = z.strictObject(connectorBase);
export const httpBaseSchema = z.strictObject({ ...connectorBase, ...httpBase });
/** For kinds whose options tell where the source is when `url` is not written. */
export const optionalUrlBaseSchema = httpBaseSchema.extend({ url: httpBase.url.nullable().prefault(null) });
/** For kinds whose own options have `url`, which then need not be written. */
export const ownUrlBaseSchema = httpBaseSchema.extend({ url: z.null().prefault(null) });
export const streamBaseSchema = z.strictObject(streamBase);
export type HttpBase = Omit<z.output<typeof httpBaseSchema>, 'url'> & { url: string | null };
export type ConnectorBase = z.output<typeof connectorBaseSchema>;
