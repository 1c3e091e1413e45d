import { expect, it } from 'vitest';
import type { CostLine, Measurement } from '#domain';
import { firstRowLine } from './check-findings.ts';

const sample: Measurement = {
  labels: { team: 'shop', region: 'eu' },
  unit: 'h',
  atMs: Date.parse('2026-06-19T00:00:00Z'),
  durationMs: 3_600_000,
  value: 7.5,
  status: 'final',
};
const cost: CostLine = {
  sourceKey: '4711/1',
  projectRef: 'P-1001',
  kind: 'actual',
  capitalisation: 'opex',
  recurrence: 'one-off',
  pool: null,
  amount: '-12.50',
  currency: 'EUR',
  postingDate: '2026-06-19',
  cashDate: null,
  document: null,
  correctionOf: null,
  text: null,
};
const measured = (changes: Partial<Measurement> = {}) =>
  firstRowLine({ measurements: [{ ...sample, ...changes }], costs: [] });
const posted = (changes: Partial<CostLine> = {}) =>
  firstRowLine({ measurements: [], costs: [{ ...cost, ...changes }] });

it('a sample is shown by its time, its labels and its figure', () => {
  expect(measured()).toBe('2026-06-19T00:00:00Z (1h) team=shop region=eu 7.5 h');
  expect(measured({ durationMs: 0, labels: {} })).toBe('2026-06-19T00:00:00Z 7.5 h');
  expect(measured({ labels: {}, value: 0.25, unit: '1', numerator: 1, denominator: 4 })).toBe(
    '2026-06-19T00:00:00Z (1h) 0.25 1 (1 of 4)',
  );
  expect(measured({ labels: {}, value: null, status: 'missing' })).toBe('2026-06-19T00:00:00Z (1h) no value h');
});

it('a cost line is shown by its day, project, amount, kind and key', () => {
  expect(posted()).toBe('2026-06-19 P-1001 -12.50 EUR, actual opex, key 4711/1');
  expect(
    posted({
      recurrence: 'run',
      pool: 'cloud',
      document: '4711',
      cashDate: '2026-07-01',
      correctionOf: '4700/1',
      text: 'Rent',
    }),
  ).toBe(
    '2026-06-19 P-1001 -12.50 EUR, actual opex run, key 4711/1, document 4711, pool cloud, paid 2026-07-01, corrects 4700/1, Rent',
  );
});

it('stays one line with its figure in sight, however many and odd the labels are', () => {
  const labels = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`label${index}`, 'x'.repeat(500)]));
  const line = measured({ labels }) ?? '';
  expect(line.length).toBeLessThanOrEqual(400);
  expect(line).toMatch(/ 7\.5 h$/);
  expect(measured({ labels: { team: 'a\r\nb\u001b[31m\u2028c' } })).toBe(
    '2026-06-19T00:00:00Z (1h) team=a b [31m c 7.5 h',
  );
});

it('a page without a row has no line', () => {
  expect(firstRowLine({ measurements: [], costs: [] })).toBeNull();
});
