import { describe, expect, it } from 'vitest';
import { countPieces, countPointParts, splitPoints, splitWindow, wholeSteps } from './windows.ts';

const HOUR_MS = 3_600_000;

describe('a window of whole steps', () => {
  it('two windows that touch share no step and lose none, wherever they meet', () => {
    const borders = [0, 1_234_567, 2 * HOUR_MS, 9_999_999, 5 * HOUR_MS];
    const parts = borders.slice(1).map((toMs, index) => wholeSteps({ fromMs: borders[index] ?? 0, toMs }, HOUR_MS));
    for (const [index, { fromMs }] of parts.entries()) expect(fromMs).toBe(index === 0 ? 0 : parts[index - 1]?.toMs);
    expect(parts.at(-1)?.toMs).toBe(5 * HOUR_MS);
  });

  it('is counted as it is split, also before 1970 and where nothing is in it', () => {
    for (const [fromMs, toMs] of [
      [0, 0],
      [0, 1],
      [-7 * HOUR_MS, 3 * HOUR_MS],
      [HOUR_MS, 0],
    ] as const)
      expect(countPieces({ fromMs, toMs }, 2 * HOUR_MS)).toBe([...splitWindow({ fromMs, toMs }, 2 * HOUR_MS)].length);
  });
});

describe('points at fixed steps', () => {
  it('come in parts that share none, as many as were counted', () => {
    for (const count of [0, 1, 3, 4, 5, 9]) {
      const range = { firstMs: HOUR_MS, lastMs: count * HOUR_MS };
      const parts = [...splitPoints(range, HOUR_MS, 4)];
      expect(parts).toHaveLength(countPointParts(range, HOUR_MS, 4));
      const points = parts.flatMap(({ firstMs, lastMs }) =>
        Array.from({ length: (lastMs - firstMs) / HOUR_MS + 1 }, (_, index) => firstMs / HOUR_MS + index),
      );
      expect(points).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    }
  });
});
