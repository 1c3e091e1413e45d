import { describe, expect, it } from 'vitest';
import { unitConversion } from './unit-conversion.ts';

describe('converting units', () => {
  it.each([
    [406, 'ms', 's', 0.406],
    [90, 'min', 'h', 1.5],
    [3, 'GiB', 'bytes', 3 * 1024 ** 3],
    [1, 'GB', 'MB', 1000],
    [0.07, 'ratio', '%', 7],
    [12.5, '%', 'ratio', 0.125],
    [36, 'kWh', 'MWh', 0.036],
    [5, 'tickets', 'tickets', 5],
  ])('%d %s in %s: %d', (value, from, to, expected) => {
    expect(unitConversion(from, to)?.(value)).toBeCloseTo(expected, 12);
  });

  it('gives the nearest number to what decimals give, for every millisecond count', () => {
    const toSeconds = unitConversion('ms', 's');
    for (let ms = 0; ms < 5000; ms += 1) expect(toSeconds?.(ms)).toBe(Number(`${ms}e-3`));
  });

  it.each([
    [72.540444, '%', 'ratio', 0.72540444],
    [0.07, 'ratio', '%', 7],
    [0.57, 'ratio', '%', 57],
    [1.1, 'h', 'min', 66],
    [1e-7, 's', 'ns', 100],
    [-2.675, 'kB', 'B', -2675],
  ])('%d %s in %s is %d as on paper', (value, from, to, expected) => {
    expect(unitConversion(from, to)?.(value)).toBe(expected);
  });

  it('of what is no finite number stays none', () => {
    expect(unitConversion('%', 'ratio')?.(Number.NaN)).toBeNaN();
    expect(unitConversion('%', 'ratio')?.(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  it('refuses what measures different things', () => {
    expect(unitConversion('ms', 'bytes')).toBeNull();
    expect(unitConversion('tickets', 's')).toBeNull();
  });
});
