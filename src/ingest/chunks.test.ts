import { describe, expect, it } from 'vitest';
import { asOutturnError } from '#kit';
import { type SplitInput, splitWindow } from './chunks.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(text);
const split = (changes: Partial<SplitInput> = {}) =>
  splitWindow({
    fromMs: at('2026-01-01T00:00:00Z'),
    toMs: at('2026-02-01T00:00:00Z'),
    chunkMs: 7 * DAY,
    intervalMs: HOUR,
    isWindowed: true,
    nowMs: at('2026-06-01T10:20:00Z'),
    ...changes,
  });
const shown = (windows: { fromMs: number; toMs: number }[]): string[] =>
  windows.map(({ fromMs, toMs }) =>
    [fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(0, 16).replace('T00:00', '')).join(' to '),
  );
const refusal = (changes: Partial<SplitInput>) => {
  try {
    split(changes);
  } catch (thrown) {
    return asOutturnError(thrown);
  }
  throw new Error('it was not refused');
};

describe('a window is split into chunks', () => {
  it('that touch, the last one as long as what is left', () => {
    expect(shown(split())).toEqual([
      '2026-01-01 to 2026-01-08',
      '2026-01-08 to 2026-01-15',
      '2026-01-15 to 2026-01-22',
      '2026-01-22 to 2026-01-29',
      '2026-01-29 to 2026-02-01',
    ]);
  });

  it('widened to whole intervals, so that no sample is cut', () => {
    const window = { fromMs: at('2026-01-01T00:20:00Z'), toMs: at('2026-01-01T04:40:00Z') };
    expect(shown(split({ ...window, chunkMs: 2.5 * HOUR }))).toEqual([
      '2026-01-01 to 2026-01-01T02:00',
      '2026-01-01T02:00 to 2026-01-01T04:00',
      '2026-01-01T04:00 to 2026-01-01T05:00',
    ]);
  });

  it('up to the last interval that is over', () => {
    const windows = split({ fromMs: at('2026-05-30T00:00:00Z'), toMs: at('2026-07-01T00:00:00Z'), chunkMs: 2 * DAY });
    expect(shown(windows)).toEqual(['2026-05-30 to 2026-06-01', '2026-06-01 to 2026-06-01T10:00']);
    const without = split({ fromMs: at('2026-06-01T00:00:00Z'), toMs: at('2026-07-01T00:00:00Z'), intervalMs: 0 });
    expect(shown(without)).toEqual(['2026-06-01 to 2026-06-01T10:20']);
  });

  it('of which there is one where the source does not look at the window', () => {
    expect(split({ isWindowed: false, chunkMs: HOUR })).toHaveLength(1);
  });

  it('in such a way that each sample lies in exactly one of them', () => {
    for (let n = 1; n <= 60; n++) {
      const intervalMs = (n % 5) * 10 * 60_000;
      const fromMs = at('2026-01-01T00:00:00Z') + n * 777_000;
      const toMs = fromMs + n * 5_000_000;
      const windows = split({ fromMs, toMs, chunkMs: Math.max(intervalMs, 60_000) * (1 + (n % 4)) + n, intervalMs });
      const unit = Math.max(intervalMs, 1);
      for (const [index, window] of windows.entries()) {
        expect(window.fromMs % unit).toBe(0);
        expect(window.fromMs).toBeLessThan(window.toMs);
        if (index > 0) expect(window.fromMs).toBe(windows[index - 1]?.toMs);
      }
      expect(windows[0]?.fromMs).toBeLessThanOrEqual(fromMs);
      expect(windows.at(-1)?.toMs).toBeGreaterThanOrEqual(toMs);
    }
  });
});

describe('a window is refused', () => {
  it.each([
    ['that is empty', { toMs: at('2026-01-01T00:00:00Z') }, 'is empty'],
    ['that is to come', { fromMs: at('2026-06-02T00:00:00Z'), toMs: at('2026-06-03T00:00:00Z') }, 'is to come'],
    [
      'in which no interval is over',
      { fromMs: at('2026-06-01T10:05:00Z'), toMs: at('2026-06-02T00:00:00Z') },
      'No interval of this stream has ended',
    ],
    ['whose chunks are shorter than an interval', { chunkMs: HOUR - 1 }, 'shorter than the distance of two samples'],
    ['that would be a million chunks', { chunkMs: 60_000, intervalMs: 60_000 }, 'chunks; a backfill has 10000 at most'],
  ])('%s', (_name, changes, message) => {
    const error = refusal(changes);
    expect(error.code).toBe('usage');
    expect(error.message).toContain(message);
    expect(error.hint).toBeDefined();
  });
});
