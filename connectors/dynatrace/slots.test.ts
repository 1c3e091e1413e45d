import { describe, expect, it } from 'vitest';
import { startOfSlot } from './slots.ts';
import { unitOfMetric } from './unit-of-metric.ts';

const start = (end: string, resolution: unknown): string =>
  new Date(startOfSlot(Date.parse(end), resolution, 60_000, 'here')).toISOString();

describe('where a slot began', () => {
  it.each([
    ['2026-06-02T07:00:00Z', '5m', '2026-06-02T06:55:00.000Z'],
    ['2026-06-02T07:00:00Z', '1h', '2026-06-02T06:00:00.000Z'],
    ['2026-06-02T00:00:00Z', '1d', '2026-06-01T00:00:00.000Z'],
    ['2026-06-01T00:00:00Z', '1w', '2026-05-25T00:00:00.000Z'],
    ['2026-03-01T00:00:00Z', '1M', '2026-02-01T00:00:00.000Z'],
    ['2026-04-01T00:00:00Z', '1q', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T00:00:00Z', '1y', '2025-01-01T00:00:00.000Z'],
    ['2026-06-02T07:00:00Z', null, '2026-06-02T06:59:00.000Z'],
  ])('that ends at %s with %s: %s', (end, resolution, expected) => expect(start(end, resolution)).toBe(expected));

  it.each(['Inf', '0m', '1x', 'h', 60, {}])('is not known with the resolution %j', (resolution) =>
    expect(() => start('2026-06-02T07:00:00Z', resolution)).toThrow('the resolution is'),
  );
});

it.each([
  ['MicroSecond', 'us'],
  ['Percent', '%'],
  ['BytePerSecond', 'B/s'],
  ['Count', 'Count'],
  ['PerSecond', 'PerSecond'],
  ['NotApplicable', null],
  [undefined, null],
])('the unit %s of a metric is %s', (unit, expected) => expect(unitOfMetric(unit)).toBe(expected));
