import { z } from 'zod';
import {
  fields,
  labelsOption,
  perRequestOption,
  refuseInconvertible,
  sourceUnitOption,
  stepOption,
  unitOption,
} from '#kit';
import { misplacedClause } from './nrql.ts';

/** The source gives at most so many buckets of TIMESERIES. */
export const MOST_BUCKETS = 366;

export const newrelicOptions = z.strictObject({
  region: z
    .enum(['us', 'eu'])
    .default('us')
    .meta({ description: 'Where the data of the account is kept. It decides `url`.', examples: ['eu'] }),
  accounts: z
    .array(z.int().min(1))
    .min(1)
    .meta({
      description: 'Account ids (Administration, Access management). Several are read by one query, as one.',
      examples: [[1234567]],
    }),
  queryTimeout: fields.positiveDurationMs
    .refine((ms) => ms % 1000 === 0 && ms <= 600_000, { error: 'expected whole seconds, at most 10m' })
    .default(25_000)
    .meta({
      description:
        'How long the source may take for one query. Without it that would be 5s. `timeout` is 5s longer, unless it is written; with `async` it is not.',
      examples: ['25s', '60s'],
    }),
  async: z
    .boolean()
    .default(false)
    .meta({
      description: 'Queries run in the background and are asked after: up to 10 minutes with Data Plus.',
      examples: [true],
    }),
});

export const newrelicStream = z
  .strictObject({
    nrql: fields.text.meta({
      description:
        'NRQL without SINCE, UNTIL, TIMESERIES and LIMIT: they are added. FACET makes series, its attributes are their labels.',
      examples: ['SELECT count(*) FROM Transaction WHERE error IS true FACET appName'],
    }),
    value: fields.text.optional().meta({
      description:
        'Which result is meant, where the query gives several: its name after AS, else as the source names it (`average.duration`).',
      examples: ['failures', 'average.duration'],
    }),
    part: fields.text.optional().meta({
      description: 'Which part of a result that has several: the percentile, `score` of apdex.',
      examples: ['95', 'score'],
    }),
    step: stepOption('Length of an interval. Intervals begin on whole multiples of it, counted from 1970-01-01 UTC.'),
    unit: unitOption('failures', 's', '%'),
    sourceUnit: sourceUnitOption(
      "Unit of the query's values when it is another one; they are converted to `unit`.",
      'ms',
    ),
    labels: labelsOption('Facets that tell series apart; others are dropped. Absent: all of them.', ['appName']),
    bucketsPerRequest: perRequestOption('Intervals in one request; less for queries that run into a time-out.', {
      most: MOST_BUCKETS,
      example: 24,
    }),
  })
  .superRefine((stream, ctx) => {
    refuseInconvertible(stream, ctx);
    const clause = misplacedClause(stream.nrql);
    if (clause !== null)
      ctx.addIssue({
        code: 'custom',
        path: ['nrql'],
        message: `has ${clause} in it; the window, step and the number of series are added to it`,
      });
  });

export type NewRelicOptions = z.output<typeof newrelicOptions>;
/** `step` is in milliseconds once it is read. */
export type NewRelicStream = z.output<typeof newrelicStream>;
