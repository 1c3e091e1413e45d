import { z } from 'zod';
import { convertibleUnits, fields, unitConversion } from '#kit';

export const graphiteOptions = z.strictObject({});

/** What `summarize` knows. */
export const AGGREGATES = ['sum', 'avg', 'max', 'min', 'last', 'first', 'count', 'median', 'range'] as const;

const convertible = convertibleUnits.map((family) => family.join(' ')).join(' | ');

export const graphiteStream = z
  .strictObject({
    target: fields.text.meta({
      description: 'A metric, a pattern of metrics or functions over them, as in the composer.',
      examples: ['shop.*.checkout.failures.count', 'sumSeries(shop.*.checkout.failures.count)'],
    }),
    step: fields.positiveDurationMs
      .refine((stepMs) => stepMs >= 1000 && stepMs % 1000 === 0, { error: 'expected whole seconds, at least 1s' })
      .meta({
        description:
          'Distance between two points. Points lie on whole multiples of it, counted from 1970-01-01 UTC. Without `aggregate` it must be the one that the metric is kept in.',
        examples: ['1h', '1m'],
      }),
    aggregate: z
      .enum(AGGREGATES)
      .optional()
      .meta({
        description:
          'How points are put together to one a step, by `summarize`: `sum` for counts, `avg` for levels. Needed where step is longer than what is kept, or where older points are kept more coarsely.',
        examples: ['sum', 'avg'],
      }),
    sample: z.enum(['interval', 'instant']).meta({
      description: '`interval`: a point tells about the step that begins with it. `instant`: a level at that moment.',
      examples: ['interval', 'instant'],
    }),
    unit: fields.text.meta({ description: 'Unit of the stored values.', examples: ['failures', 's', '%'] }),
    sourceUnit: fields.text.optional().meta({
      description: `Unit of the metric's values when it is another one; they are converted to \`unit\`. Known: ${convertible}.`,
      examples: ['ms'],
    }),
    nodes: z
      .record(z.string().min(1), z.int())
      .default({})
      .meta({
        description:
          'Labels out of the metric’s path: which node, counted from 0, or from the end by -1. Like `aliasByNode`.',
        examples: [{ shop: 1 }],
      }),
    labels: z
      .array(fields.text)
      .optional()
      .meta({
        description:
          'Tags that become labels; `target` is the name of the series as Graphite shows it. Absent: `target`, unless `nodes` names labels.',
        examples: [['datacentre'], []],
      }),
    pointsPerRequest: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .meta({
        description: 'Points a series in one request; less for targets that run into a time-out.',
        examples: [1000],
      }),
  })
  .superRefine((stream, ctx) => {
    const issue = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message });
    if (stream.sourceUnit !== undefined && unitConversion(stream.sourceUnit, stream.unit) === null)
      issue('sourceUnit', `cannot be converted to the unit of the stream; convertible are ${convertible}`);
    for (const name of Object.keys(stream.nodes))
      if (stream.labels?.includes(name) === true)
        issue('labels', `${name.slice(0, 80)} is a label out of nodes already`);
    if (stream.aggregate !== undefined && stream.sample === 'instant')
      issue('sample', 'aggregate puts the points of a whole step together: write sample: interval');
  });

export type GraphiteOptions = z.output<typeof graphiteOptions>;
/** `step` is in milliseconds once it is read. */
export type GraphiteStream = z.output<typeof graphiteStream>;
