import { z } from 'zod';
import {
  asRecord,
  fields,
  labelsOption,
  perRequestOption,
  refuseInconvertible,
  sourceUnitOption,
  stepOption,
  unitOption,
} from '#kit';
import { limitsOf } from './groups.ts';
import { rollupOf, takesRollup } from './rollup.ts';

/** The source gives at most so many points a series, and widens the interval beyond it. */
export const MOST_POINTS = 1500;

/** Sites and where their API is: https://docs.datadoghq.com/getting_started/site/ */
const SITES = [
  'datadoghq.com',
  'us3.datadoghq.com',
  'us5.datadoghq.com',
  'datadoghq.eu',
  'ap1.datadoghq.com',
  'ap2.datadoghq.com',
  'uk1.datadoghq.com',
  'ddog-gov.com',
  'us2.ddog-gov.com',
] as const;

export const datadogOptions = z.strictObject({
  site: z
    .enum(SITES)
    .default('datadoghq.com')
    .meta({
      description: 'The site of the organisation, as in the address of its pages. It decides `url`.',
      examples: ['datadoghq.eu', 'us5.datadoghq.com'],
    }),
});

const ROLLUPS = ['avg', 'sum', 'min', 'max', 'count'] as const;

/** What is asked of logs, RUM, spans and the like, as the vendor documents it; checked by the vendor. */
const otherQuery = z.looseObject({ data_source: fields.text }).refine((query) => !('name' in query), {
  error: 'the key above it is its name; leave `name` out',
});

const query = fields.text.meta({
  description: 'A metrics query. How points are rolled up stands in it (`.rollup(sum, 3600)`) or in `rollup`.',
  examples: ['sum:shop.checkout.failures{env:prod} by {shop}.as_count()', 'avg:trace.web.request{service:shop}'],
});

export const datadogStream = z
  .strictObject({
    query: query.optional(),
    queries: z
      .record(
        z.string().regex(/^[a-z][a-z0-9_]*$/, { error: 'expected a name such as a or errors_1' }),
        z.union([query, otherQuery]),
      )
      .optional()
      .meta({
        description:
          'Several queries by the names that `formula` uses. A text is a metrics query; logs, RUM, spans and others are written as the API documents them (`data_source`, `search`, `compute`, `group_by` with a `limit` that holds all groups).',
        examples: [{ a: 'sum:shop.errors{*}.as_count()', b: 'sum:shop.requests{*}.as_count()' }],
      }),
    formula: fields.text.optional().meta({
      description: 'What is calculated out of `queries`, by the functions of the source.',
      examples: ['100 * a / b'],
    }),
    rollup: z
      .enum(ROLLUPS)
      .optional()
      .meta({
        description:
          'How the points of an interval become one, for metrics queries without `.rollup(…)`. Without a word the source takes the average: counts need `sum`.',
        examples: ['sum', 'avg'],
      }),
    step: stepOption('Length of an interval. Intervals begin on whole multiples of it, counted from 1970-01-01 UTC.'),
    unit: unitOption('failures', 's', '%'),
    sourceUnit: sourceUnitOption(
      "Unit of the query's values when it is another one; they are converted to `unit`.",
      'ms',
    ),
    labels: labelsOption(
      'Tag keys of `by {…}` that tell series apart; others are dropped. Absent: all of them. Name what is stable, not `host`.',
      ['shop'],
    ),
    api: z
      .enum(['v2', 'v1'])
      .default('v2')
      .meta({
        description:
          '`v1` asks by GET /api/v1/query, for proxies and look-alikes that know nothing newer: one metrics query.',
        examples: ['v1'],
      }),
    pointsPerRequest: perRequestOption('Points a series in one request; less for queries that run into a time-out.', {
      most: MOST_POINTS,
      example: 500,
    }),
  })
  .superRefine((stream, ctx) => {
    const issue = (path: (string | number)[], message: string): void => ctx.addIssue({ code: 'custom', path, message });
    refuseInconvertible(stream, ctx);
    if ((stream.query === undefined) === (stream.queries === undefined))
      return issue([], 'expected either query, or queries with formula');
    if (stream.queries !== undefined && (Object.keys(stream.queries).length === 0 || stream.formula === undefined))
      issue(['formula'], 'expected a formula over the names of queries');
    if (stream.query !== undefined && stream.formula !== undefined)
      issue(['formula'], 'needs queries with names; a single query is taken as it is');
    if (stream.api === 'v1' && stream.queries !== undefined)
      issue(['api'], 'v1 knows one query and no formula beside it: write the arithmetic into query');
    const queries: [(string | number)[], unknown][] =
      stream.query === undefined
        ? Object.entries(stream.queries ?? {}).map(([name, each]) => [['queries', name], each])
        : [[['query'], stream.query]];
    for (const [path, each] of queries) {
      const problem =
        typeof each === 'string' ? rollupProblem(each, stream) : otherProblem(asRecord(each) ?? {}, stream.step);
      if (problem !== null) issue(path, problem);
    }
  });

/** Why what is asked of logs and the like would not be whole, or not in intervals of the step; null when it is. */
function otherProblem(query: Readonly<Record<string, unknown>>, stepMs: number): string | null {
  if (limitsOf(query).includes(null))
    return 'expected a limit in each entry of group_by: without one the source gives the ten greatest groups alone';
  const interval = asRecord(query['compute'])?.['interval'];
  return interval === undefined || interval === stepMs
    ? null
    : `computes by another interval than step, which is ${stepMs} milliseconds: leave compute.interval out`;
}

/** Why the points of a metrics query are not surely what the stream says; null when they are. */
function rollupProblem(
  text: string,
  stream: { rollup?: string | undefined; step: number; api: string },
): string | null {
  const seconds = stream.step / 1000;
  const written = rollupOf(text);
  const example = `.rollup(sum, ${seconds})`;
  if (written !== null) {
    if (written.some((each) => each.seconds !== null && each.seconds !== seconds))
      return `rolls up by another interval than step, which is ${seconds} seconds`;
    return written.some((each) => each.seconds === null) ? `expected the interval in it too: ${example}` : null;
  }
  if (stream.rollup === undefined)
    return /\.as_(?:count|rate)\(\)/.test(text) && stream.api === 'v2' && takesRollup(text)
      ? null
      : `expected ${example} or another method in it, or rollup beside it: without a word the source takes the average`;
  return takesRollup(text) ? null : `has functions around it: write ${example} inside, where it belongs`;
}

export type DatadogOptions = z.output<typeof datadogOptions>;
/** `step` is in milliseconds once it is read. */
export type DatadogStream = z.output<typeof datadogStream>;
