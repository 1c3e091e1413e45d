import { describe, expect, it } from 'vitest';
import { firstInstantOf, RowCheckpoint } from './row-checkpoint.ts';

const window = { fromMs: 100, toMs: 200 };

describe('how far a pull of rows in the order of a time has got', () => {
  it('is the time of the last row, whose equals may follow', () => {
    const checkpoint = new RowCheckpoint(window);
    expect(checkpoint.after([100, 100])).toBeUndefined();
    expect(checkpoint.after([100, 120, 120])).toBe(120);
    expect(checkpoint.after([120, 120])).toBe(120);
    expect(checkpoint.after([130])).toBe(130);
  });

  it('lies within the window', () => {
    expect(new RowCheckpoint(window).after([90])).toBeUndefined();
    expect(new RowCheckpoint(window).after([200])).toBeUndefined();
    expect(new RowCheckpoint(window).after([])).toBeUndefined();
  });

  it('is not known once a row comes out of order, or one without a time', () => {
    const outOfOrder = new RowCheckpoint(window);
    expect(outOfOrder.after([150, 140])).toBeUndefined();
    expect(outOfOrder.after([160])).toBeUndefined();
    const unread = new RowCheckpoint(window);
    expect(unread.after([150, null])).toBeUndefined();
    expect(unread.after([160])).toBeUndefined();
    expect(new RowCheckpoint(window).after([Number.NaN])).toBeUndefined();
  });

  it('a date begins with its first instant, without a zone with the first one anywhere', () => {
    expect(new Date(firstInstantOf('2026-06-02', 'Europe/Berlin')).toISOString()).toBe('2026-06-01T22:00:00.000Z');
    expect(new Date(firstInstantOf('2026-06-02', null)).toISOString()).toBe('2026-06-01T10:00:00.000Z');
  });
});
