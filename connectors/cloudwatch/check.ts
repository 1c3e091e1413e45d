import {
  asRecord,
  type ConnectorContext,
  countSeries,
  type Finding,
  floorTo,
  formatDurationMs,
  rawPage,
  type StreamContext,
  streamFinding,
  unitConversion,
} from '#kit';
import { parseMetricData } from './answer.ts';
import { callCloudwatch, isDenied } from './api.ts';
import { dimensionsOf, type Grid } from './metric-data.ts';
import type { CloudwatchOptions, CloudwatchStream } from './options.ts';
import { metricData } from './pull.ts';
import { isSameUnit, knownUnitOf } from './units.ts';

/** How far back check looks for a sample: points may be half an hour late, and seldom ones rarer than that. */
const LOOKED_AT_MS = 3 * 3_600_000;
/** Metrics of a day may come two days late (storage of S3). */
const FEWEST_PERIODS = 3;

/** Whether the region answers and knows the key. What fails otherwise is thrown as a typed error. */
export async function checkRegion({ http, options }: ConnectorContext<CloudwatchOptions>): Promise<Finding[]> {
  const findings: Finding[] = [
    { level: 'ok', aspect: 'connectivity', message: `CloudWatch of ${options.region} answers.` },
    { level: 'ok', aspect: 'credentials', message: 'The key is known and its signature is right.' },
  ];
  try {
    const { content } = await callCloudwatch(http, 'ListMetrics', { RecentlyActive: 'PT3H' }, 'check');
    if (!Array.isArray(content['Metrics']))
      return [
        {
          level: 'error',
          aspect: 'connectivity',
          message: 'The answer to ListMetrics is not what CloudWatch gives.',
          hint: 'Check url, or leave it out to ask the address of the region.',
        },
      ];
    if (content['Metrics'].length === 0)
      findings.push({
        level: 'warning',
        aspect: 'permission',
        message: `No metric of ${options.region} had a point within three hours.`,
        hint: 'Check region: CloudWatch answers for one region only.',
      });
  } catch (thrown) {
    if (!isDenied(thrown)) throw thrown;
    findings.push({
      level: 'warning',
      aspect: 'permission',
      message: thrown.message,
      hint: 'Streams do not need it; without cloudwatch:ListMetrics `outturn discover` cannot list what there is.',
    });
  }
  return findings;
}

/** The newest points of the stream, read the way a pull reads them, and the unit that CloudWatch has them in. */
export async function checkMetric(ctx: StreamContext<CloudwatchOptions, CloudwatchStream>): Promise<Finding[]> {
  const { http, stream, streamId, signal } = ctx;
  const periods = Math.max(FEWEST_PERIODS, Math.ceil(LOOKED_AT_MS / stream.period));
  const endMs = floorTo(ctx.nowMs(), stream.period);
  // Periods under a minute are kept for three hours only.
  const startMs = endMs - Math.min(periods, stream.period < 60_000 ? Math.floor(periods / 2) : periods) * stream.period;
  const grid: Grid = { startMs, endMs, lostFromMs: null };
  const findings: Finding[] = [];
  const make = streamFinding(streamId);
  const finding = (...said: Parameters<typeof make>): void => void findings.push(make(...said));
  let series = 0;
  let newest: { atMs: number; value: number } | null = null;
  for await (const { response } of metricData(http, stream, streamId, grid, signal)) {
    const page = parseMetricData(rawPage({ request: { method: 'POST' }, response }, { startMs, endMs }), ctx);
    series = Math.max(series, countSeries(page.measurements));
    for (const { atMs, value } of page.measurements)
      if (value !== null && (newest === null || atMs >= newest.atMs)) newest = { atMs, value };
    for (const warning of page.warnings) finding('warning', 'sample', warning);
  }
  finding('ok', 'permission', 'cloudwatch:GetMetricData is allowed.');
  if (newest === null)
    finding(
      'warning',
      'sample',
      `No point between ${new Date(startMs).toISOString()} and ${new Date(endMs).toISOString()}.`,
      `CloudWatch says so for a misspelt name, for missing dimensions, for another unit, and for a period below the metric's own (${formatDurationMs(stream.period)} is asked for) alike: compare with outturn discover.`,
    );
  else
    finding(
      'ok',
      'sample',
      `${series} series, the newest point ${newest.value} ${stream.unit} at ${new Date(newest.atMs).toISOString()}.`,
    );
  findings.push(...(await checkUnit(ctx, grid)));
  return findings;
}

const SIMPLE = new Set(['Average', 'Minimum', 'Maximum', 'Sum']);

/** GetMetricData keeps the unit to itself, GetMetricStatistics tells it; of expressions nobody knows it. */
async function checkUnit(
  { http, stream, streamId }: StreamContext<CloudwatchOptions, CloudwatchStream>,
  { startMs, endMs }: Grid,
): Promise<Finding[]> {
  const { metric } = stream;
  // Another account's metric cannot be asked for here, and numbers of samples have no unit.
  if (metric === undefined || metric.account !== undefined || metric.stat === 'SampleCount') return [];
  const finding = (level: Finding['level'], message: string, hint?: string): Finding[] => [
    streamFinding(streamId)(level, 'unit', message, hint),
  ];
  let units: string[];
  try {
    const { content } = await callCloudwatch(
      http,
      'GetMetricStatistics',
      {
        Namespace: metric.namespace,
        MetricName: metric.name,
        Dimensions: dimensionsOf(metric),
        StartTime: startMs / 1000,
        EndTime: endMs / 1000,
        Period: Math.max(60_000, stream.period) / 1000,
        // Any statistic tells the unit.
        Statistics: [SIMPLE.has(metric.stat) ? metric.stat : 'Average'],
      },
      `stream ${streamId}`,
    );
    const points: unknown[] = Array.isArray(content['Datapoints']) ? content['Datapoints'] : [];
    units = [...new Set(points.flatMap((point) => asRecord(point)?.['Unit'] ?? []))].filter(
      (unit) => typeof unit === 'string',
    );
  } catch (thrown) {
    if (!isDenied(thrown)) throw thrown;
    return finding('warning', thrown.message, 'Without cloudwatch:GetMetricStatistics nobody can compare the units.');
  }
  if (metric.unit !== undefined && units.length > 0 && !units.includes(metric.unit))
    return finding(
      'error',
      `${metric.name} is published in ${units.join(', ')}; with metric.unit: ${metric.unit} CloudWatch answers nothing.`,
      'Leave metric.unit out, or write that unit.',
    );
  const sourceUnit = stream.sourceUnit ?? stream.unit;
  for (const unit of metric.unit === undefined ? units : [metric.unit]) {
    const known = knownUnitOf(unit);
    if (known === null || isSameUnit(known, sourceUnit)) continue;
    const mended = unitConversion(known, stream.unit) === null ? `unit: ${known}` : `sourceUnit: ${known}`;
    return finding(
      'error',
      `CloudWatch has ${metric.name} in ${unit}, the stream takes it for ${sourceUnit}.`,
      `Write ${mended}.`,
    );
  }
  return units.length === 0 ? [] : finding('ok', `CloudWatch has ${metric.name} in ${units.join(', ')}.`);
}
