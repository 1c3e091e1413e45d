import { z } from 'zod';
import { fields } from '#kit';

const host = fields.text.regex(/^[^\s/]+$/, { error: 'expected a host name or an address, without scheme or path' });
const port = z.int().min(1).max(65_535);

/** A line that goes into a header must not begin another one. */
const mailbox = z
  .string()
  .regex(/^(?:[^<>\r\n]{0,200}<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/, {
    error: 'expected an e-mail address, alone or as Name <name@example.com>',
  })
  .meta({ description: 'The sender.', examples: ['Outturn <outturn@example.com>'] });

export const smtpSchema = z
  .strictObject({
    host: host.meta({ description: 'Host of the mail relay.', examples: ['smtp.example.com'] }),
    port: port
      .meta({
        description: 'Port of the mail relay. Default: 465 for `implicit`, 587 for `required`, else 25.',
        examples: [587],
      })
      .optional(),
    from: mailbox,
    tls: z.enum(['required', 'opportunistic', 'none', 'implicit']).prefault('required').meta({
      description:
        '`required`: refuse to send without STARTTLS; `implicit`: TLS from the first byte; `opportunistic`: if offered; `none`: plain text, for a relay on the same host.',
    }),
    insecure: z
      .boolean()
      .prefault(false)
      .meta({ description: 'Accept any certificate. Only for a test relay: the password can be read on the way.' }),
    user: fields.text.meta({ description: 'User at the relay; absent: no log-in.', examples: ['outturn'] }).optional(),
    password: fields.secret
      .meta({ description: 'Password at the relay.', examples: ['${env:SMTP_PASSWORD}'], secret: true })
      .optional(),
  })
  .superRefine((smtp, ctx) => {
    if ((smtp.user === undefined) === (smtp.password === undefined)) return;
    const missing = smtp.user === undefined ? 'user' : 'password';
    ctx.addIssue({ code: 'custom', path: [missing], message: 'user and password belong together: one is missing' });
  })
  .meta({ description: 'Mail relay for digests; absent: no e-mail is sent.' });

export const slackSchema = z
  .strictObject({
    token: fields.secret.meta({
      description: 'Bot token (`xoxb-…`) with chat:write and files:write.',
      examples: ['${env:SLACK_TOKEN}'],
      secret: true,
    }),
    apiUrl: fields.httpUrl
      .meta({
        description: "Another endpoint than Slack's own: a proxy or a test server.",
        examples: ['http://127.0.0.1:8080/api/'],
      })
      .optional(),
  })
  .meta({ description: 'Slack workspace for digests; absent: nothing is posted.' });

export const objectsSchema = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('folder').meta({ description: 'Files in a folder of this machine.' }),
        path: fields.text.prefault('.outturn/objects').meta({
          description: 'The folder, absolute or below the working directory.',
          examples: ['.outturn/objects'],
        }),
      })
      .meta({ description: 'Raw pages and reports in a folder.' }),
    z
      .strictObject({
        kind: z.literal('s3').meta({ description: 'Any S3-compatible store.' }),
        endpoint: fields.httpUrl
          .meta({
            description: "Address of the store; absent: AWS's own for the region.",
            examples: ['https://s3.example.com'],
          })
          .optional(),
        region: fields.text.prefault('us-east-1').meta({ description: 'Region.', examples: ['eu-central-1'] }),
        bucket: fields.text.meta({ description: 'Bucket; it must exist.', examples: ['outturn'] }),
        prefix: z
          .string()
          .prefault('')
          .meta({ description: 'Put before each key.', examples: ['prod/'] }),
        accessKeyId: fields.secret
          .meta({
            description: "Access key; absent: the machine's own role.",
            examples: ['${env:S3_ACCESS_KEY_ID}'],
            secret: true,
          })
          .optional(),
        secretAccessKey: fields.secret
          .meta({ description: 'Secret of the access key.', examples: ['${env:S3_SECRET_ACCESS_KEY}'], secret: true })
          .optional(),
        forcePathStyle: z
          .boolean()
          .prefault(false)
          .meta({ description: 'Bucket in the path instead of the host name, as most stores other than AWS want it.' }),
      })
      .meta({ description: 'Raw pages and reports in an S3-compatible store.' }),
  ])
  .meta({ description: 'Where raw pages and reports are kept.' });

const DAY_MS = 86_400_000;
export const retentionSchema = z
  .strictObject({
    pages: fields.positiveDurationMs
      .refine((ms) => ms >= DAY_MS, { error: 'expected at least 1d' })
      .meta({
        description: 'Archived pages of sources are removed when they were received longer ago than this.',
        examples: ['400d'],
      }),
    evidence: z.enum(['keep', 'remove']).prefault('keep').meta({
      description:
        '`keep`: pages stay, whatever their age, on which a figure rests that counts. `remove`: they go as well; `outturn explain` then says when they went.',
    }),
  })
  .meta({ description: 'How long archived pages are kept, looked at each day. Absent: for ever.' });

export const apiSchema = z
  .strictObject({
    host: host.prefault('127.0.0.1').meta({ description: 'Address to listen on.', examples: ['0.0.0.0'] }),
    port: port.prefault(8080).meta({ description: 'Port to listen on.', examples: [8080] }),
    token: fields.secret
      .meta({
        description:
          'Bearer token of the admin API, and what the keys of links in digests are made from. Absent: `outturn` makes a token for the API and keeps it in the file `api-token` of its data folder.',
        examples: ['${env:OUTTURN_API_TOKEN}'],
        secret: true,
      })
      .optional(),
  })
  .meta({ description: 'The admin HTTP API.' });

export const settingsSchema = z
  .strictObject({
    timeZone: fields.timeZone
      .prefault('UTC')
      .meta({ description: 'Time zone of schedules and of whatever names none.', examples: ['Europe/Berlin'] }),
    apply: z.enum(['automatic', 'manual']).prefault('automatic').meta({
      description:
        'When projects as written come into force. `automatic`: with each start of a command or process; `manual`: only by `outturn apply`, after `outturn plan` has shown what changes.',
    }),
    publicUrl: fields.httpUrl
      .meta({
        description:
          'Where readers reach the API of this installation: links in digests begin with it. Digests hold no links without it, nor without api.token.',
        examples: ['https://outturn.example.com'],
      })
      .optional(),
    smtp: smtpSchema.optional(),
    slack: slackSchema.optional(),
    objects: objectsSchema.prefault({ kind: 'folder' }),
    retention: retentionSchema.optional(),
    api: apiSchema.prefault({}),
  })
  .meta({ description: 'What holds for the whole installation.' });

export type SettingsInput = z.output<typeof settingsSchema>;
