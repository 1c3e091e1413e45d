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

export const graphiteOptions = z.strictObject({});

/** What `summarize` knows. */
export const AGGREGATES = ['sum', 'avg', 'max', 'min', 'last', 'first', 'count', 'median', 'range'] as const;

export const graphiteStream = z
  .strictObject({
    target: fields.text.meta({
      description: 'A metric, a pattern of metrics or functions over them, as in the composer.',
      examples: ['shop.*.checkout.failures.count', 'sumSeries(shop.*.checkout.failures.count)'],
    }),
    step: stepOption(
      'Distance between two points. Points lie on whole multiples of it, counted from 1970-01-01 UTC. Without `aggregate` it must be the one that the metric is kept in.',
      ['1h', '1m'],
    ),
    aggregate: z
      .enum(AGGREGATES)
      .optional()
      .meta({
        description:
          'How points are put together to one a step, by `summarize`: `sum` for counts, `avg` for levels. Needed where step is longer than what is kept, or where older points are kept more coarsely.',
        examples: ['sum', 'avg'],
      }),
    sample: sampleOption(
      '`interval`: a point tells about the step that begins with it. `instant`: a level at that moment.',
    ),
    unit: unitOption('failures', 's', '%'),
    sourceUnit: sourceUnitOption(
      "Unit of the metric's values when it is another one; they are converted to `unit`.",
      'ms',
    ),
    nodes: z
      .record(z.string().min(1), z.int())
      .default({})
      .meta({
        description:
          'Labels out of the metric’s path: which node, counted from 0, or from the end by -1. Like `aliasByNode`.',
        examples: [{ shop: 1 }],
      }),
    labels: labelsOption(
      'Tags that become labels; `target` is the name of the series as Graphite shows it. Absent: `target`, unless `nodes` names labels.',
      ['datacentre'],
    ),
    pointsPerRequest: perRequestOption('Points a series in one request; less for targets that run into a time-out.', {
      most: 1_000_000,
      usual: 10_000,
      example: 1000,
    }),
  })
  .superRefine((stream, ctx) => {
    const issue = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message });
    refuseInconvertible(stream, ctx);
    for (const name of Object.keys(stream.nodes))
      if (stream.labels?.includes(name) === true)
        issue('labels', `${name.slice(0, 80)} is a label out of nodes already`);
    if (stream.aggregate !== undefined && stream.sample === 'instant')
      issue('sample', 'aggregate puts the points of a whole step together: write sample: interval');
  });

export type GraphiteOptions = z.output<typeof graphiteOptions>;
/** `step` is in milliseconds once it is read. */
export type GraphiteStream = z.output<typeof graphiteStream>;
