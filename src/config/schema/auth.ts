import { z } from 'zod';
import { type AuthKind, fields } from '#kit';

export const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'expected a header name: letters, digits and hyphens' })
  .meta({ description: 'Header name.', examples: ['X-Api-Key'] });

const secretOf = (description: string, example: string) =>
  fields.secret.meta({ description, examples: [example], secret: true });
const textOf = (description: string, example: string) => fields.text.meta({ description, examples: [example] });
const kindOf = <const K extends string>(kind: K, description: string) => z.literal(kind).meta({ description });

const tokenUrl = fields.httpUrl.meta({
  description: 'Token endpoint.',
  examples: ['https://login.example.com/oauth2/token'],
});
const scopes = z
  .array(fields.text)
  .prefault([])
  .meta({ description: 'Scopes to ask for.', examples: [['api.read']] });
const parameters = z
  .record(fields.text, z.string())
  .prefault({})
  .meta({
    description: 'More fields of the token request, such as `audience` or `resource`.',
    examples: [{ audience: 'https://api.example.com' }],
  });
const claim = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())], {
  error: 'expected a text, a number, true, false or a list of texts',
});

/** Each way to log in, by its kind. */
const variants = {
  none: z.strictObject({ kind: kindOf('none', 'No credentials.') }).meta({ description: 'No credentials.' }),
  basic: z
    .strictObject({
      kind: kindOf('basic', 'User and password.'),
      username: textOf('User name.', 'outturn'),
      password: secretOf('Password.', '${env:PROM_PASSWORD}'),
    })
    .meta({ description: 'HTTP Basic: user and password.' }),
  bearer: z
    .strictObject({ kind: kindOf('bearer', 'A fixed token.'), token: secretOf('Token.', '${env:API_TOKEN}') })
    .meta({ description: '`Authorization: Bearer` with a fixed token.' }),
  header: z
    .strictObject({
      kind: kindOf('header', 'A key in a header.'),
      name: headerName.optional(),
      value: secretOf('Key.', '${env:API_KEY}').optional(),
      values: z
        .record(headerName, fields.secret)
        .refine((values) => Object.keys(values).length > 0, { error: 'expected at least one header' })
        .meta({
          description: 'Several headers that together are the key, in place of `name` and `value`.',
          examples: [{ 'DD-API-KEY': '${env:DD_API_KEY}', 'DD-APPLICATION-KEY': '${env:DD_APP_KEY}' }],
        })
        .optional(),
    })
    .superRefine((auth, ctx) => {
      const missing = (key: string): void => ctx.addIssue({ code: 'custom', path: [key], message: 'is required' });
      if (auth.values === undefined) {
        if (auth.name === undefined) missing('name');
        if (auth.value === undefined) missing('value');
      } else if (auth.name !== undefined || auth.value !== undefined)
        ctx.addIssue({
          code: 'custom',
          path: ['values'],
          message: 'excludes name and value: write all headers under values, or one as name and value',
        });
    })
    .meta({ description: 'A key in one or more headers of its own.' }),
  query: z
    .strictObject({
      kind: kindOf('query', 'A key in the query string.'),
      name: textOf('Name of the query parameter.', 'api_key'),
      value: secretOf('Key.', '${env:API_KEY}'),
    })
    .meta({ description: 'A key in the query string.' }),
  oauth2: z
    .strictObject({
      kind: kindOf('oauth2', 'Client credentials, or a refresh token.'),
      tokenUrl,
      clientId: textOf('Client id.', 'outturn'),
      clientSecret: secretOf(
        'Client secret. Absent: the client has none, or shows itself by its certificate (`tls.certFile`).',
        '${env:SAP_CLIENT_SECRET}',
      ).optional(),
      refreshToken: secretOf(
        'Refresh token to begin with. Absent: client credentials. Where the source replaces it, the new one is kept encrypted in the database.',
        '${env:CRM_REFRESH_TOKEN}',
      ).optional(),
      scopes,
      parameters,
    })
    .meta({ description: 'OAuth 2: client credentials or a refresh token; the token is fetched, renewed and shared.' }),
  jwt: z
    .strictObject({
      kind: kindOf('jwt', 'A JWT signed with a key of your own.'),
      tokenUrl,
      use: z.enum(['bearer', 'client-assertion']).prefault('bearer').meta({
        description:
          '`bearer`: the JWT is exchanged for a token (Google, Salesforce). `client-assertion`: it takes the place of the client secret (NetSuite, Entra ID).',
      }),
      issuer: textOf(
        'Claim `iss`: the client id, or the e-mail address of the service account.',
        'outturn@project.iam',
      ),
      subject: textOf(
        'Claim `sub`: on whose behalf. Absent: the issuer in a client assertion, else none.',
        'outturn@example.com',
      ).optional(),
      audience: textOf(
        'Claim `aud`: whom the JWT is for. Absent: `tokenUrl`.',
        'https://oauth2.googleapis.com/token',
      ).optional(),
      algorithm: z
        .enum(['RS256', 'PS256', 'ES256', 'EdDSA'])
        .prefault('RS256')
        .meta({ description: 'How it is signed. NetSuite wants PS256 or ES256.' }),
      keyId: textOf('Header `kid`: what the source calls the key.', 'a1b2c3').optional(),
      privateKey: secretOf('Private key, PEM without a passphrase.', '${file:/run/secrets/source.key}'),
      scopes,
      claims: z
        .record(fields.text, claim)
        .prefault({})
        .meta({ description: 'More claims of the JWT.', examples: [{ scope: ['rest_webservices'] }] }),
      parameters,
    })
    .meta({ description: 'RFC 7523: a JWT signed with a key of your own is exchanged for a token.' }),
  sigv4: z
    .strictObject({
      kind: kindOf('sigv4', 'AWS Signature Version 4.'),
      accessKeyId: textOf('Access key id.', 'AKIAIOSFODNN7EXAMPLE'),
      secretAccessKey: secretOf('Secret access key.', '${env:AWS_SECRET_ACCESS_KEY}'),
      sessionToken: secretOf('Session token, for temporary credentials.', '${env:AWS_SESSION_TOKEN}').optional(),
      region: textOf('Region of the service.', 'eu-central-1'),
      service: textOf('Service as it is signed for.', 'aps'),
    })
    .meta({ description: 'AWS Signature Version 4 over each request.' }),
  session: z
    .strictObject({
      kind: kindOf('session', 'User and password for a session.'),
      username: textOf('User name.', 'outturn'),
      password: secretOf('Password.', '${env:ZABBIX_PASSWORD}'),
    })
    .meta({
      description:
        'User and password are exchanged for a session, the way the source has it; it is shared and renewed.',
    }),
} satisfies Record<AuthKind, z.ZodType>;

const description = 'How to log in. Absent: not at all.';

export const authSchema = z
  .discriminatedUnion('kind', [
    variants.none,
    variants.basic,
    variants.bearer,
    variants.header,
    variants.query,
    variants.oauth2,
    variants.jwt,
    variants.sigv4,
    variants.session,
  ])
  .meta({ description });
export type AuthInput = z.output<typeof authSchema>;

/** Ways that no kind has to name: a session is another thing for each. */
const everyWay = Object.keys(variants).filter((way) => way !== 'session') as AuthKind[];

/** How one may log in to sources of a kind, the usual way first. */
export const acceptedAuth = (accepted: readonly AuthKind[] | undefined): readonly AuthKind[] => accepted ?? everyWay;

/** For editors: only what sources of a kind accept. */
export function authSchemaOf(accepted: readonly AuthKind[] | undefined): z.ZodType {
  const [first, ...rest] = acceptedAuth(accepted).map((way) => variants[way]);
  if (first === undefined) return authSchema;
  const one = rest.length === 0 ? first : z.union([first, ...rest]);
  const isOptional = acceptedAuth(accepted).includes('none');
  return (isOptional ? one.optional() : one).meta({
    description: isOptional ? description : 'How to log in.',
  });
}
