import { describe, expect, it } from 'vitest';
import { PermanentError } from '#kit';
import { expectedPoints, type PlanInput, planPull } from './plan.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-06-20T12:00:00Z');
const plan = (changes: Partial<PlanInput> = {}, stream: Partial<PlanInput['stream']> = {}) =>
  planPull({
    stream: {
      id: 's',
      sinceMs: { kind: 'ago', durationMs: 100 * HOUR },
      lookbackMs: 2 * HOUR,
      finalAfterMs: 0,
      ...stream,
    },
    intervalMs: HOUR,
    watermarkMs: null,
    fromMs: null,
    toMs: null,
    nowMs: NOW,
    ...changes,
  });

describe('the window that is due', () => {
  it('begins at since when nothing was read yet', () => {
    expect(plan()).toEqual({ window: { fromMs: NOW - 100 * HOUR, toMs: NOW }, advanceToMs: NOW });
    const since = { kind: 'instant', atMs: NOW - 5 * HOUR } as const;
    expect(plan({}, { sinceMs: since }).window.fromMs).toBe(NOW - 5 * HOUR);
  });

  it('begins before the watermark by the lookback', () => {
    expect(plan({ watermarkMs: NOW - HOUR }).window.fromMs).toBe(NOW - 3 * HOUR);
  });

  it('does not look back before the date that since names', () => {
    const since = { kind: 'instant', atMs: NOW - 2.5 * HOUR } as const;
    expect(plan({ watermarkMs: NOW - HOUR }, { sinceMs: since }).window.fromMs).toBe(NOW - 2.5 * HOUR);
    expect(plan({ watermarkMs: NOW - HOUR }, { sinceMs: { ...since, atMs: NOW } }).window.fromMs).toBe(NOW - HOUR);
  });

  it('reaches back far enough that provisional samples are seen again as final ones', () => {
    expect(plan({ watermarkMs: NOW - HOUR }, { finalAfterMs: 24 * HOUR }).window.fromMs).toBe(NOW - 26 * HOUR);
  });

  it('is never empty: neither just after a pull without lookback nor when the clock went back', () => {
    expect(plan({ watermarkMs: NOW, intervalMs: 0 }, { lookbackMs: 0 }).window).toEqual({
      fromMs: NOW - 60_000,
      toMs: NOW,
    });
    expect(plan({ watermarkMs: NOW + 9 * HOUR }).window).toEqual({ fromMs: NOW - 2 * HOUR, toMs: NOW });
  });

  it('cannot begin in the future', () => {
    const early = () => plan({}, { sinceMs: { kind: 'instant', atMs: NOW + HOUR } });
    expect(early).toThrow(PermanentError);
    expect(early).toThrow('since is 2026-06-20T13:00:00.000Z');
  });
});

describe('a window given by hand', () => {
  const watermarkMs = NOW - 10 * HOUR;
  it('that lies before the watermark leaves it alone', () => {
    expect(plan({ watermarkMs, fromMs: NOW - 50 * HOUR, toMs: NOW - 40 * HOUR }).advanceToMs).toBeNull();
  });
  it('that joins the watermark moves it forward', () => {
    expect(plan({ watermarkMs, fromMs: NOW - 10 * HOUR, toMs: NOW - HOUR }).advanceToMs).toBe(NOW - HOUR);
  });
  it('that begins after the watermark does not move it over the gap', () => {
    expect(plan({ watermarkMs, fromMs: NOW - 9 * HOUR, toMs: NOW }).advanceToMs).toBeNull();
  });
  it('before the first pull moves it only when it begins at since or before', () => {
    expect(plan({ fromMs: NOW - 9 * HOUR, toMs: NOW }).advanceToMs).toBeNull();
    expect(plan({ fromMs: NOW - 100 * HOUR, toMs: NOW - HOUR }).advanceToMs).toBe(NOW - HOUR);
  });
  it('ends now at the latest', () => {
    expect(plan({ fromMs: NOW - HOUR, toMs: NOW + HOUR }).window.toMs).toBe(NOW);
  });
  it('that is empty is refused', () => {
    expect(() => plan({ fromMs: NOW, toMs: NOW - HOUR })).toThrow('is empty');
    expect(() => plan({ fromMs: NOW + HOUR })).toThrow('is empty');
  });
});

describe('expected points', () => {
  it('are known only where the source has a cadence', () => {
    expect(expectedPoints({ fromMs: 0, toMs: 24 * HOUR }, HOUR)).toBe(24);
    expect(expectedPoints({ fromMs: 0, toMs: 24 * HOUR }, 0)).toBeNull();
  });
});
