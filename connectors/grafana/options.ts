import { z } from 'zod';
import { convertibleUnits, fields, unitConversion } from '#kit';

export const grafanaOptions = z.strictObject({
  organisation: z
    .int()
    .min(1)
    .optional()
    .meta({
      description:
        'Number of the organisation, where a user belongs to several; a service account belongs to one alone.',
      examples: [2],
    }),
  serviceAccount: z
    .strictObject({
      id: z
        .int()
        .min(1)
        .meta({ description: 'Number of the service account.', examples: [7] }),
      token: fields.text.meta({ description: 'Name of the token, as it was given.', examples: ['outturn'] }),
    })
    .optional()
    .meta({
      description:
        'Whose token is used: `check` then tells when it ends. The account must be allowed to read itself (`serviceaccounts:read`).',
    }),
});

const convertible = convertibleUnits.map((family) => family.join(' ')).join(' | ');

export const grafanaStream = z
  .strictObject({
    dataSource: z
      .strictObject({
        uid: fields.text
          .optional()
          .meta({ description: 'Its uid, as in its address.', examples: ['P8045C56BDA891CB2'] }),
        name: fields.text
          .optional()
          .meta({ description: 'Its name, where the uid is unknown.', examples: ['Prometheus'] }),
      })
      .refine(({ uid, name }) => (uid === undefined) !== (name === undefined), {
        error: 'expected uid or name, one of them',
      })
      .meta({ description: 'The data source that is asked.', examples: [{ uid: 'P8045C56BDA891CB2' }] }),
    query: z.record(z.string().min(1), z.json()).meta({
      description:
        'The query as the panel’s JSON has it among its `targets`; its fields depend on the data source. Times, interval and refId are set by the connector.',
      examples: [{ expr: 'sum by (shop) (increase(checkout_failures_total[1h]))', range: true }],
    }),
    step: fields.positiveDurationMs
      .refine((stepMs) => stepMs >= 1000 && stepMs % 1000 === 0, { error: 'expected whole seconds, at least 1s' })
      .meta({
        description: 'Distance between two points. Points lie on whole multiples of it, counted from 1970-01-01 UTC.',
        examples: ['1h', '5m', '1d'],
      }),
    sample: z.enum(['interval', 'instant']).meta({
      description: '`interval`: a point tells about a whole step. `instant`: a level at that moment.',
      examples: ['interval', 'instant'],
    }),
    stamp: z
      .enum(['start', 'end'])
      .optional()
      .meta({
        description:
          'Which end of its interval a point is named by: `end` for Prometheus and Flux, `start` for SQL ($__timeGroup), InfluxQL, Graphite, CloudWatch. Required for `sample: interval`.',
        examples: ['end'],
      }),
    field: fields.text.optional().meta({
      description: 'Name of the field with the number, where an answer has several. Absent: all of them.',
      examples: ['Value', 'requests'],
    }),
    unit: fields.text.meta({ description: 'Unit of the stored values.', examples: ['failures', 's', '%'] }),
    sourceUnit: fields.text.optional().meta({
      description: `Unit of the query's values when it is another one; they are converted to \`unit\`. Known: ${convertible}.`,
      examples: ['ms'],
    }),
    labels: z
      .array(fields.text)
      .optional()
      .meta({
        description:
          'Labels and text columns that tell series apart; `field` is the name of the field. Absent: all of them but `field`.',
        examples: [['shop'], []],
      }),
    pointsPerRequest: z
      .int()
      .min(1)
      .max(10_999)
      .default(5000)
      .meta({
        description: 'Steps in one request; less for queries that run into a limit or a time-out.',
        examples: [500],
      }),
  })
  .superRefine((stream, ctx) => {
    const issue = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message });
    if (stream.sample === 'interval' && stream.stamp === undefined)
      issue('stamp', 'is required for sample: interval: end for Prometheus and Flux, start for most others');
    if (stream.sourceUnit !== undefined && unitConversion(stream.sourceUnit, stream.unit) === null)
      issue('sourceUnit', `cannot be converted to the unit of the stream; convertible are ${convertible}`);
  });

export type GrafanaOptions = z.output<typeof grafanaOptions>;
/** `step` is in milliseconds once it is read. */
export type GrafanaStream = z.output<typeof grafanaStream>;
