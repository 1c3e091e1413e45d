import { formatDurationMs, PermanentError, type PullWindow, splitWindow } from '#kit';
import { type CloudwatchStream, type Metric, RESULT_ID } from './options.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long CloudWatch answers a period: finer points are merged into coarser ones, and these go after 455 days. */
export function retentionOf(periodMs: number, expression?: string): number {
  if (expression !== undefined && /^\s*SELECT\b/i.test(expression))
    return Math.min(INSIGHTS_MS, retentionOfPoints(periodMs));
  return retentionOfPoints(periodMs);
}

/** What a Metrics Insights query sees. Of a period that lies in it in part, it answers that part alone. */
const INSIGHTS_MS = 14 * DAY_MS;

function retentionOfPoints(periodMs: number): number {
  if (periodMs % HOUR_MS === 0) return 455 * DAY_MS;
  if (periodMs % 300_000 === 0) return 63 * DAY_MS;
  return periodMs % 60_000 === 0 ? 15 * DAY_MS : 3 * HOUR_MS;
}

/** What is asked for: starts and ends of whole periods, `endMs` excluded. */
export interface Grid {
  startMs: number;
  endMs: number;
  /** The window began there, before what CloudWatch still has; null: nothing is lost. */
  lostFromMs: number | null;
}

/**
 * The whole periods that end in the window. Of two windows that touch exactly one has each, and none is under way. Starts on
 * whole multiples of the period are also what CloudWatch would round to (minutes, after 15 days five minutes, after 63 days
 * hours), so that a rerun gives the same time stamps. Throws `source/bad-request` when all of it is older than CloudWatch keeps.
 */
export function gridOf(
  { fromMs, toMs }: PullWindow,
  periodMs: number,
  nowMs: number,
  place: string,
  retentionMs = retentionOf(periodMs),
): Grid {
  const floor = (atMs: number): number => Math.floor(atMs / periodMs) * periodMs;
  const startMs = floor(fromMs);
  const endMs = floor(Math.min(toMs, nowMs));
  // One more, because the limit moves on until the request arrives.
  const oldestMs = floor(nowMs - retentionMs) + 2 * periodMs;
  if (startMs >= oldestMs || endMs <= startMs) return { startMs, endMs, lostFromMs: null };
  if (endMs <= oldestMs)
    throw new PermanentError(
      'source/bad-request',
      `${place}: CloudWatch keeps points of ${formatDurationMs(periodMs)} for ${formatDurationMs(retentionMs)}; the window ends ${new Date(toMs).toISOString()}, before the oldest of them`,
      {
        hint:
          retentionMs < retentionOf(periodMs)
            ? 'A Metrics Insights query sees the newest two weeks: what is older gives a SEARCH, or metric.'
            : retentionMs < 455 * DAY_MS
              ? 'Write a longer period: 5m is kept for 63 days, 1h for 455 days.'
              : 'Nothing older is there: begin later (since, --from).',
      },
    );
  return { startMs: oldestMs, endMs, lostFromMs: startMs };
}

/** The grid in pieces of as many points of a series as one request asks for. */
export function* chunksOf({ startMs, endMs }: Grid, stream: CloudwatchStream): Generator<Grid> {
  const pieces = splitWindow({ fromMs: startMs, toMs: endMs }, stream.period * stream.pointsPerRequest);
  for (const { fromMs, toMs } of pieces) yield { startMs: fromMs, endMs: toMs, lostFromMs: null };
}

/** Stands between the values of two dimensions in the label that CloudWatch is asked to write. */
export const BETWEEN_LABELS = ' | ';

/** The body of a GetMetricData request. */
export function requestBody(
  stream: CloudwatchStream,
  { startMs, endMs }: Grid,
  nextToken: string | null,
): Record<string, unknown> {
  const seconds = stream.period / 1000;
  const of = (id: string, metric: Metric, isResult: boolean): Record<string, unknown> => ({
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: metric.namespace,
        MetricName: metric.name,
        Dimensions: dimensionsOf(metric),
      },
      Period: seconds,
      Stat: metric.stat,
      ...(metric.unit === undefined ? {} : { Unit: metric.unit }),
    },
    ReturnData: isResult,
    ...(metric.account === undefined ? {} : { AccountId: metric.account }),
  });
  const queries =
    stream.metric === undefined
      ? [
          ...Object.entries(stream.metrics).map(([id, metric]) => of(id, metric, false)),
          {
            Id: RESULT_ID,
            Expression: stream.expression,
            Period: seconds,
            ReturnData: true,
            ...(stream.labels === undefined || stream.labels.length === 0
              ? {}
              : { Label: stream.labels.map((name) => `\${PROP('Dim.${name}')}`).join(BETWEEN_LABELS) }),
          },
        ]
      : [of(RESULT_ID, stream.metric, true)];
  return {
    MetricDataQueries: queries,
    StartTime: startMs / 1000,
    EndTime: endMs / 1000,
    ScanBy: 'TimestampAscending',
    ...(nextToken === null ? {} : { NextToken: nextToken }),
  };
}

/** In the order of their names, so that the same metric always looks the same. */
export function dimensionsOf({ dimensions }: Pick<Metric, 'dimensions'>): { Name: string; Value: string }[] {
  return Object.keys(dimensions)
    .sort()
    .map((name) => ({ Name: name, Value: dimensions[name] ?? '' }));
}
