import { z } from 'zod';
import { fields, perRequestOption, refuseInconvertible, sourceUnitOption, unitOption } from '#kit';
import { isSameUnit, knownUnitOf, standardUnitNames } from './units.ts';

/** Most points of all series in one answer; the rest follows by NextToken. */
export const MOST_POINTS = 100_800;
/** Most entries of MetricDataQueries in one request. */
const MOST_QUERIES = 500;
/** The name of the query whose result is stored. */
export const RESULT_ID = 'outturn';

export const cloudwatchOptions = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, { error: 'expected a region such as eu-central-1' })
    .meta({
      description: 'Region whose metrics are read; decides the address. The same as `auth.region`.',
      examples: ['eu-central-1', 'us-gov-west-1', 'cn-north-1'],
    }),
  endpoint: z
    .enum(['standard', 'dual-stack', 'fips'])
    .default('standard')
    .meta({
      description:
        'Which of the region’s addresses is asked: the usual one, the one with IPv6, or the FIPS 140 one. `url` overrides all (VPC endpoint).',
      examples: ['dual-stack'],
    }),
});
export type CloudwatchOptions = z.output<typeof cloudwatchOptions>;

const STATISTIC =
  /^(?:Average|Minimum|Maximum|Sum|SampleCount|IQM|(?:p|tm|wm|tc|ts)\d{1,3}(?:\.\d{1,10})?|(?:PR|TM|WM|TC|TS)\([0-9.%]*:[0-9.%]*\))$/;

const metric = z
  .strictObject({
    namespace: fields.text.meta({ description: 'Namespace of the metric.', examples: ['AWS/ApplicationELB'] }),
    name: fields.text.meta({ description: 'Name of the metric.', examples: ['HTTPCode_Target_5XX_Count'] }),
    dimensions: z
      .record(fields.text, fields.text)
      .refine((dimensions) => Object.keys(dimensions).length <= 30, { error: 'expected at most 30 dimensions' })
      .default({})
      .meta({
        description:
          'Dimensions, all of those that the metric was published with: CloudWatch takes every combination for another metric.',
        examples: [{ LoadBalancer: 'app/shop/50dc6c495c0c9188' }],
      }),
    stat: z
      .string()
      .regex(STATISTIC, {
        error: 'expected Average, Minimum, Maximum, Sum, SampleCount, IQM, p95, tm99 or TM(10%:90%)',
      })
      .meta({
        description: 'Statistic over each period. Counts want `Sum`, levels `Average`.',
        examples: ['Sum', 'Average', 'p95', 'TM(10%:90%)'],
      }),
    unit: z
      .enum(standardUnitNames)
      .optional()
      .meta({
        description:
          'CloudWatch’s own unit: only what was published in it is read, and a wrong one gives nothing. Leave it out unless a metric is published in several.',
        examples: ['Milliseconds'],
      }),
    account: z
      .string()
      .regex(/^\d{12}$/, { error: 'expected the twelve digits of an account, in quotes' })
      .optional()
      .meta({
        description: 'Account that has the metric, when a monitoring account asks for linked ones.',
        examples: ['111122223333'],
      }),
  })
  .meta({ description: 'One metric and the statistic that is taken of it.' });
export type Metric = z.output<typeof metric>;

const dimensionName = z.string().regex(/^[\w .:/-]{1,255}$/, { error: 'expected the name of a dimension' });

export const cloudwatchStream = z
  .strictObject({
    metric: metric.optional(),
    expression: fields.text
      .refine((text) => text.length <= 2048, { error: 'expected at most 2048 characters' })
      .optional()
      .meta({
        description:
          'In place of `metric`: metric math over `metrics`, a SEARCH, or a Metrics Insights query (SELECT …), which sees only the newest two weeks.',
        examples: ['100 * errors / calls', "SEARCH('{AWS/Lambda,FunctionName} MetricName=\"Errors\"', 'Sum', 3600)"],
      }),
    metrics: z
      .record(
        z.string().regex(/^(?!outturn$)[a-z][A-Za-z0-9_]{0,254}$/, {
          error: 'expected a name that begins with a small letter, then letters, digits and _',
        }),
        metric,
      )
      .default({})
      .meta({
        description: 'What `expression` calculates with, by the names that it uses.',
        examples: [{ errors: { namespace: 'AWS/Lambda', name: 'Errors', stat: 'Sum' } }],
      }),
    period: fields.positiveDurationMs
      .refine((ms) => [1000, 5000, 10_000, 20_000, 30_000].includes(ms) || ms % 60_000 === 0, {
        error: 'expected 1s, 5s, 10s, 20s, 30s or whole minutes',
      })
      .meta({
        description:
          'What one point stands for; points lie on whole multiples of it since 1970-01-01 UTC. A period below that of the metric gives nothing. Below 5m is kept for 15 days, below 1h for 63 days, the rest for 455.',
        examples: ['1h', '5m', '1d'],
      }),
    unit: unitOption('errors', 's', '%'),
    sourceUnit: sourceUnitOption(
      'Unit in which CloudWatch has the values when it is another one; they are converted to `unit`.',
      'ms',
    ),
    labels: z
      .array(dimensionName)
      .max(10)
      .optional()
      .meta({
        description: 'Dimensions that tell series apart. Needed where an expression gives several series.',
        examples: [['FunctionName']],
      }),
    seriesLabel: fields.text.optional().meta({
      description:
        'In place of `labels`: the label under which CloudWatch’s own name of each series is stored (`GROUP BY` of Metrics Insights).',
      examples: ['function'],
    }),
    pointsPerRequest: perRequestOption(
      'Points of a series in one request. Each request is charged by the metrics that it names.',
      { most: MOST_POINTS, usual: 10_080, example: 1440 },
    ),
  })
  .superRefine((stream, ctx) => {
    const issue = (path: string[], message: string): void => ctx.addIssue({ code: 'custom', path, message });
    if ((stream.metric === undefined) === (stream.expression === undefined))
      issue([], 'expected exactly one of metric and expression');
    const names = Object.keys(stream.metrics);
    if (stream.metric !== undefined && names.length > 0) issue(['metrics'], 'belongs to expression');
    if (names.length >= MOST_QUERIES) issue(['metrics'], `expected fewer than ${MOST_QUERIES} metrics`);
    if (stream.labels !== undefined && stream.seriesLabel !== undefined)
      issue(['seriesLabel'], 'labels and this exclude each other');
    if (stream.metric !== undefined)
      for (const label of stream.labels ?? [])
        if (!Object.hasOwn(stream.metric.dimensions, label)) issue(['labels'], `the metric has no dimension ${label}`);
    if (stream.expression !== undefined) {
      const isMany = /\bSEARCH\s*\(/i.test(stream.expression) || /\bGROUP\s+BY\b/i.test(stream.expression);
      if (isMany && stream.labels === undefined && stream.seriesLabel === undefined)
        issue(['labels'], 'is required: the expression may give several series. [] for one that is only one');
      // How CloudWatch names what a search finds, it does not promise to keep.
      if (stream.seriesLabel !== undefined && /\bSEARCH\s*\(/i.test(stream.expression))
        issue(['seriesLabel'], 'is for GROUP BY: name the dimensions of what SEARCH finds in labels');
    }
    refuseInconvertible(stream, ctx);
    const sourceUnit = stream.sourceUnit ?? stream.unit;
    const known = knownUnitOf(stream.metric?.unit ?? '');
    if (known !== null && stream.metric?.stat !== 'SampleCount' && !isSameUnit(known, sourceUnit))
      issue(['metric', 'unit'], `is ${known}, but the stream reads ${sourceUnit}: write sourceUnit: ${known}`);
  });
/** `period` is in milliseconds once it is read. */
export type CloudwatchStream = z.output<typeof cloudwatchStream>;

/** Where the region's CloudWatch is, by the rules of the partitions. */
export function endpointOf({ region, endpoint }: CloudwatchOptions): string {
  const china = region.startsWith('cn-');
  const isolated = ISOLATED.find(([prefix]) => region.startsWith(prefix))?.[1];
  if (endpoint === 'dual-stack' && isolated === undefined)
    return `https://monitoring.${region}.${china ? 'api.amazonwebservices.com.cn' : 'api.aws'}`;
  // In GovCloud the usual address is the FIPS one.
  const host = endpoint === 'fips' && !region.startsWith('us-gov-') ? 'monitoring-fips' : 'monitoring';
  return `https://${host}.${region}.${isolated ?? (china ? 'amazonaws.com.cn' : 'amazonaws.com')}`;
}
const ISOLATED: readonly (readonly [string, string])[] = [
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['us-iso-', 'c2s.ic.gov'],
];
