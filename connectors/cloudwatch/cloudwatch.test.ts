import { describe, expect, it } from 'vitest';
import { chunksOf, gridOf, requestBody, retentionOf } from './metric-data.ts';
import { cloudwatchOptions, cloudwatchStream, endpointOf } from './options.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const at = (text: string): number => Date.parse(text);
const metric = { namespace: 'AWS/Lambda', name: 'Errors', stat: 'Sum' };
const stream = (changes: Record<string, unknown> = {}) =>
  cloudwatchStream.parse({ metric, period: '1h', unit: 'errors', ...changes });
const problems = (changes: Record<string, unknown>): string[] =>
  (cloudwatchStream.safeParse({ metric, period: '1h', unit: 'errors', ...changes }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

describe('the address of a region', () => {
  it.each([
    ['eu-central-1', 'standard', 'https://monitoring.eu-central-1.amazonaws.com'],
    ['eu-central-1', 'dual-stack', 'https://monitoring.eu-central-1.api.aws'],
    ['us-east-1', 'fips', 'https://monitoring-fips.us-east-1.amazonaws.com'],
    ['us-gov-west-1', 'fips', 'https://monitoring.us-gov-west-1.amazonaws.com'],
    ['cn-north-1', 'standard', 'https://monitoring.cn-north-1.amazonaws.com.cn'],
    ['cn-north-1', 'dual-stack', 'https://monitoring.cn-north-1.api.amazonwebservices.com.cn'],
    ['us-isob-east-1', 'standard', 'https://monitoring.us-isob-east-1.sc2s.sgov.gov'],
    ['us-iso-east-1', 'standard', 'https://monitoring.us-iso-east-1.c2s.ic.gov'],
  ])('%s, %s', (region, endpoint, address) => {
    expect(endpointOf(cloudwatchOptions.parse({ region, endpoint }))).toBe(address);
  });
});

describe('what CloudWatch still has', () => {
  it.each([
    [1_000, 3 * HOUR_MS],
    [30_000, 3 * HOUR_MS],
    [60_000, 15 * DAY_MS],
    [240_000, 15 * DAY_MS],
    [300_000, 63 * DAY_MS],
    [1_800_000, 63 * DAY_MS],
    [HOUR_MS, 455 * DAY_MS],
    [DAY_MS, 455 * DAY_MS],
  ])('points of %d ms are kept for %d ms', (periodMs, retentionMs) => {
    expect(retentionOf(periodMs)).toBe(retentionMs);
  });

  it('nothing is asked for that is older, or under way', () => {
    const nowMs = at('2026-06-20T10:30:30Z');
    const grid = gridOf({ fromMs: at('2026-01-01T00:00:00Z'), toMs: nowMs }, 300_000, nowMs, 'stream s');
    expect(new Date(grid.endMs).toISOString()).toBe('2026-06-20T10:30:00.000Z');
    expect(nowMs - grid.startMs).toBeLessThan(63 * DAY_MS);
    expect(grid.lostFromMs).toBe(at('2026-01-01T00:00:00Z'));
  });

  it('a Metrics Insights query sees two weeks: a day that lies in them in part would be a sum too low', () => {
    const nowMs = at('2026-06-20T10:30:30Z');
    const retentionMs = retentionOf(DAY_MS, 'SELECT SUM(Errors) FROM "AWS/Lambda"');
    const grid = gridOf({ fromMs: at('2026-06-01T00:00:00Z'), toMs: nowMs }, DAY_MS, nowMs, 'stream s', retentionMs);
    expect(grid.startMs).toBeGreaterThanOrEqual(at('2026-06-07T00:00:00Z'));
    expect(grid.lostFromMs).toBe(at('2026-06-01T00:00:00Z'));
    const older = { fromMs: at('2026-05-01T00:00:00Z'), toMs: at('2026-05-02T00:00:00Z') };
    expect(() => gridOf(older, DAY_MS, nowMs, 'stream s', retentionMs)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('SEARCH') }),
    );
  });

  it('a window that ends in the future has what is over', () => {
    const nowMs = at('2026-06-20T10:30:30Z');
    const { startMs, endMs } = gridOf({ fromMs: nowMs, toMs: nowMs + DAY_MS }, HOUR_MS, nowMs, 'stream s');
    expect(endMs).toBe(startMs);
  });
});

it('windows that touch anywhere share no period and leave none out', () => {
  const nowMs = at('2026-06-20T00:00:00Z');
  const [fromMs, toMs] = [at('2026-06-01T00:00:00Z'), at('2026-06-03T00:00:00Z')];
  for (const borderMs of [fromMs, fromMs + 1, fromMs + HOUR_MS - 1, fromMs + HOUR_MS, fromMs + 25.5 * HOUR_MS, toMs]) {
    const starts = [
      { fromMs, toMs: borderMs },
      { fromMs: borderMs, toMs },
    ].flatMap((window) =>
      [...chunksOf(gridOf(window, HOUR_MS, nowMs, 'stream s'), stream({ pointsPerRequest: 5 }))].flatMap((chunk) =>
        Array.from({ length: (chunk.endMs - chunk.startMs) / HOUR_MS }, (_, index) => chunk.startMs + index * HOUR_MS),
      ),
    );
    expect(starts).toEqual(Array.from({ length: 48 }, (_, index) => fromMs + index * HOUR_MS));
  }
});

describe('a stream', () => {
  it.each([
    [{ metric: { ...metric, stat: 'p95' } }, []],
    [{ metric: { ...metric, stat: 'TM(10%:90%)' } }, []],
    [{ metric: { ...metric, stat: 'P95' } }, ['metric.stat: expected Average, Minimum']],
    [{ period: '90s' }, ['period: expected 1s']],
    [{ labels: ['FunctionName'] }, ['labels: the metric has no dimension FunctionName']],
    [{ metric: undefined }, [': expected exactly one of metric and expression']],
    [{ metric: undefined, expression: "SEARCH('x', 'Sum', 60)" }, ['labels: is required']],
    [{ metric: undefined, expression: "SUM(SEARCH('x', 'Sum', 60))", labels: [] }, []],
    [{ metric: undefined, expression: "SEARCH('x', 'Sum', 60)", seriesLabel: 'function' }, ['seriesLabel: is for']],
    [{ metric: undefined, expression: 'SELECT SUM(a) FROM b GROUP BY c', seriesLabel: 'c' }, []],
    [{ metric: undefined, expression: 'a', metrics: { outturn: metric } }, ['metrics.outturn: ']],
    [{ unit: 's', metric: { ...metric, unit: 'Milliseconds' } }, ['metric.unit: is ms, but the stream reads s']],
    [{ unit: 'runs', metric: { ...metric, stat: 'SampleCount', unit: 'Milliseconds' } }, []],
    [{ unit: 'errors', sourceUnit: 'ms' }, ['sourceUnit: cannot be converted']],
  ])('%j', (changes, expected) => {
    const found = problems(changes);
    expect(found).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(found[index]).toContain(text);
  });

  it('of a linked account names it in the request', () => {
    const body = requestBody(
      stream({ metric: { ...metric, account: '111122223333' } }),
      { startMs: 0, endMs: HOUR_MS, lostFromMs: null },
      null,
    );
    expect(body['MetricDataQueries']).toMatchObject([{ Id: 'outturn', AccountId: '111122223333', ReturnData: true }]);
  });
});
