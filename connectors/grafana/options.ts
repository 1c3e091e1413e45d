import { z } from 'zod';
import {
  fields,
  labelsOption,
  perRequestOption,
  refuseInconvertible,
  sampleOption,
  sourceUnitOption,
  stepOption,
  unitOption,
} from '#kit';

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
    step: stepOption('Distance between two points. Points lie on whole multiples of it, counted from 1970-01-01 UTC.'),
    sample: sampleOption('`interval`: a point tells about a whole step. `instant`: a level at that moment.'),
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
    unit: unitOption('failures', 's', '%'),
    sourceUnit: sourceUnitOption(
      "Unit of the query's values when it is another one; they are converted to `unit`.",
      'ms',
    ),
    labels: labelsOption(
      'Labels and text columns that tell series apart; `field` is the name of the field. Absent: all of them but `field`.',
      ['shop'],
    ),
    pointsPerRequest: perRequestOption('Steps in one request; less for queries that run into a limit or a time-out.', {
      most: 10_999,
      usual: 5000,
      example: 500,
    }),
  })
  .superRefine((stream, ctx) => {
    refuseInconvertible(stream, ctx);
    if (stream.sample === 'interval' && stream.stamp === undefined)
      ctx.addIssue({
        code: 'custom',
        path: ['stamp'],
        message: 'is required for sample: interval: end for Prometheus and Flux, start for most others',
      });
  });

export type GrafanaOptions = z.output<typeof grafanaOptions>;
/** `step` is in milliseconds once it is read. */
export type GrafanaStream = z.output<typeof grafanaStream>;
