import { z } from 'zod';
import {
  convertibleUnits,
  fields,
  type LabelMatcher,
  type PushOptions,
  type PushStream,
  parseSelector,
  unitConversion,
} from '#kit';

const SHORTEST_TOKEN = 12;
const token = (description: string) =>
  fields.secret
    .refine((text) => text.length >= SHORTEST_TOKEN && !/\s/.test(text), {
      error: `expected at least ${SHORTEST_TOKEN} characters without a space: whoever knows it may send figures`,
    })
    .meta({ description, examples: ['${env:PUSH_TOKEN}'], secret: true });

export const optionsSchema: z.ZodType<PushOptions> = z.strictObject({
  token: token(
    'Senders show it as `Authorization: Bearer …`, or as the password of HTTP Basic. It opens this connector alone.',
  ),
  previousToken: token('Is valid as well, while senders change over to the new `token`.').optional(),
  requestsPerMinute: z
    .int()
    .min(1)
    .prefault(600)
    .meta({
      description: 'More are put off (429, for Prometheus 503), counted by each process that serves the API.',
      examples: [600],
    }),
  maxBody: fields.bytes.prefault('8MiB').meta({
    description:
      'A longer body is refused (413), counted after decompression; lines are read as a stream and have no such limit together.',
    examples: ['8MiB'],
  }),
  maxClockSkew: fields.durationMs.prefault('5m').meta({
    description:
      'How far after now a sample may end before it is refused: a clock is wrong, or its interval is not over.',
    examples: ['5m'],
  }),
  replicaLabels: z
    .array(fields.text)
    .prefault(['prometheus_replica', '__replica__'])
    .meta({
      description:
        'Labels that tell replicas of one Prometheus apart and nothing else: of each series one replica counts.',
      examples: [['prometheus_replica', '__replica__']],
    }),
});

const convertible = convertibleUnits.map((family) => family.join(' ')).join(' | ');
const units = {
  unit: fields.text.meta({ description: 'Unit of the stored values.', examples: ['orders', 's', '%'] }),
  sourceUnit: fields.text.optional().meta({
    description: `Unit of what is sent when it is another one; values are converted to \`unit\`. Known: ${convertible}.`,
    examples: ['ms'],
  }),
};
const checkUnits = (stream: { unit: string; sourceUnit?: string | undefined }, ctx: z.core.$RefinementCtx): void => {
  if (stream.sourceUnit === undefined || unitConversion(stream.sourceUnit, stream.unit) !== null) return;
  ctx.addIssue({
    code: 'custom',
    path: ['sourceUnit'],
    message: `cannot be converted to the unit of the stream; convertible are ${convertible}`,
  });
};

const labelNames = z.array(fields.text).max(20).prefault([]);

const accepted =
  '`measurements`: samples by `POST /v1/measurements`. `costs`: cost lines by `POST /v1/costs`. `prometheus`: series by remote write.';

const measurements = z
  .strictObject({
    accepts: z.literal('measurements').meta({ description: accepted, examples: ['measurements'] }),
    ...units,
    interval: fields.positiveDurationMs.optional().meta({
      description:
        'What a sample covers from its `at` on, and how often one is due. Absent: samples are levels at a moment, or say `until`.',
      examples: ['1h', '1d'],
    }),
    labels: labelNames.meta({ description: 'Labels that each sample must have.', examples: [['shop']] }),
    optionalLabels: labelNames.meta({
      description: 'Labels that a sample may have. Others are refused.',
      examples: [['channel']],
    }),
  })
  .superRefine(checkUnits);

const costs = z.strictObject({
  accepts: z.literal('costs').meta({ description: accepted, examples: ['costs'] }),
});

const selector = z
  .string()
  .transform((text, ctx): LabelMatcher[] => {
    const matchers = parseSelector(text);
    if (matchers !== null) return matchers;
    ctx.addIssue({
      code: 'custom',
      message:
        'expected a selector as PromQL writes it, such as checkout_failures_total{env="prod"}, which leaves some series out',
    });
    return z.NEVER;
  })
  .meta({
    description: 'Which of the series that Prometheus sends: a name, and conditions on labels with =, !=, =~ and !~.',
    examples: ['checkout_failures_total{env="prod"}', '{__name__=~"orders_.*", shop!=""}'],
  });

const series = z
  .strictObject({
    accepts: z.literal('prometheus').meta({ description: accepted, examples: ['prometheus'] }),
    match: selector,
    as: z.enum(['increase', 'level', 'average', 'maximum', 'minimum']).meta({
      description:
        '`increase`: how much a counter grew in each step, restarts of it counted. `level`: its newest value at the end of each step. The others: over the samples of each step.',
      examples: ['increase'],
    }),
    step: fields.positiveDurationMs
      .refine((stepMs) => stepMs >= 60_000 && stepMs % 1000 === 0 && 86_400_000 % stepMs === 0, {
        error: 'expected a part of a day from 1m to 1d, such as 5m, 1h or 1d',
      })
      .meta({
        description: 'Length of the intervals that samples are measured in, from midnight UTC on.',
        examples: ['1h', '1d'],
      }),
    labels: labelNames.meta({
      description: 'Labels to keep; series that agree in them are one. Name what is stable, not `instance` or `pod`.',
      examples: [['shop'], []],
    }),
    combine: z
      .enum(['sum', 'average', 'maximum', 'minimum'])
      .prefault('sum')
      .meta({ description: 'What becomes of series that agree in the kept labels.', examples: ['sum'] }),
    ...units,
    settle: fields.durationMs.prefault('2m').meta({
      description: 'How long after its end a step waits for samples before it is measured.',
      examples: ['2m'],
    }),
    late: fields.durationMs.prefault('6h').meta({
      description:
        'How long after its end a step takes late samples, which correct it. Samples are kept as long; later ones are refused.',
      examples: ['6h'],
    }),
    maxSeries: z
      .int()
      .min(1)
      .max(20_000)
      .prefault(1_000)
      .meta({
        description: 'More series than this are refused, so that a label with a thousand values does no harm.',
        examples: [1000],
      }),
  })
  .superRefine(checkUnits);

export const streamSchema: z.ZodType<PushStream> = z.discriminatedUnion('accepts', [measurements, costs, series]);
