import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PrometheusStream, prometheusStream } from './options.ts';
import { chunksOf } from './query-range.ts';

const HOUR_MS = 3_600_000;
function stream(step: string, sample: 'interval' | 'instant', pointsPerRequest = 11_000): PrometheusStream {
  return prometheusStream.parse({ query: 'up', unit: 'x', step, sample, pointsPerRequest });
}
/** What the server answers to these requests: both ends included. */
function pointsOf(window: { fromMs: number; toMs: number }, of: PrometheusStream): number[] {
  return [...chunksOf(window, of)].flatMap(({ startMs, endMs }) =>
    Array.from({ length: (endMs - startMs) / of.step + 1 }, (_, index) => startMs + index * of.step),
  );
}

const windows = fc
  .tuple(
    fc.integer({ min: 0, max: 4_000_000 }),
    fc.integer({ min: 0, max: 2_000_000 }),
    fc.integer({ min: 0, max: 2_000_000 }),
  )
  .map(([fromMs, first, second]) => ({ fromMs, middleMs: fromMs + first, toMs: fromMs + first + second }));

describe('the points of a window', () => {
  it.each(['interval', 'instant'] as const)(
    'of %s samples are each asked for once, on the grid, whatever is touched where',
    (sample) => {
      fc.assert(
        fc.property(windows, fc.integer({ min: 1, max: 50 }), ({ fromMs, middleMs, toMs }, most) => {
          const each = stream('7s', sample, most);
          const whole = pointsOf({ fromMs, toMs }, each);
          expect(new Set(whole).size).toBe(whole.length);
          expect(whole.every((atMs) => atMs % 7000 === 0)).toBe(true);
          expect([
            ...pointsOf({ fromMs, toMs: middleMs }, each),
            ...pointsOf({ fromMs: middleMs, toMs }, each),
          ]).toEqual(whole);
          for (const { startMs, endMs } of chunksOf({ fromMs, toMs }, each)) {
            expect(endMs).toBeGreaterThanOrEqual(startMs);
            expect((endMs - startMs) / 7000 + 1).toBeLessThanOrEqual(most);
          }
        }),
        { seed: 7, numRuns: 300 },
      );
    },
  );

  it('of interval samples end in the window: the one under way waits, the one cut by the start is there', () => {
    const window = { fromMs: 10.5 * HOUR_MS, toMs: 13.5 * HOUR_MS };
    expect(pointsOf(window, stream('1h', 'interval'))).toEqual([11, 12, 13].map((hour) => hour * HOUR_MS));
  });

  it('of instant samples lie in the half-open window', () => {
    const window = { fromMs: 10 * HOUR_MS, toMs: 13 * HOUR_MS };
    expect(pointsOf(window, stream('1h', 'instant'))).toEqual([10, 11, 12].map((hour) => hour * HOUR_MS));
  });

  it('need no request when there are none', () => {
    expect([...chunksOf({ fromMs: 1000, toMs: 1000 }, stream('1m', 'instant'))]).toEqual([]);
    expect([...chunksOf({ fromMs: 1000, toMs: 59_000 }, stream('1m', 'interval'))]).toEqual([]);
  });
});

describe('the options of a stream', () => {
  const valid = { query: 'up', step: '1h', sample: 'instant', unit: 's' };
  it.each([
    [{ step: '500ms' }, 'whole seconds'],
    [{ step: '0s' }, 'longer than zero'],
    [{ sample: 'avg' }, 'interval'],
    [{ sourceUnit: 'bytes' }, 'cannot be converted'],
    [{ pointsPerRequest: 12_000 }, '11000'],
    [{ lables: ['a'] }, 'lables'],
  ])('%o is refused', (change, expected) => {
    const { error } = prometheusStream.safeParse({ ...valid, ...change });
    expect(JSON.stringify(error?.issues)).toContain(expected);
  });
});
