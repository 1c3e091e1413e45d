import { describe, expect, it } from 'vitest';
import { metricOf, misplacedClause, withWindow } from './nrql.ts';

describe('NRQL', () => {
  it.each([
    ['SELECT count(*) FROM T SINCE 1 day ago', 'SINCE'],
    ['select count(*) from T timeseries 1 hour', 'TIMESERIES'],
    ['SELECT count(*) FROM T FACET a LIMIT 5', 'LIMIT'],
    ['SELECT count(*) FROM T COMPARE WITH 1 week ago', 'COMPARE WITH'],
    ['SELECT count(*) FROM T slide  by 1 minute', 'SLIDE  BY'],
  ])('%s has a clause of its own: %s', (nrql, clause) => expect(misplacedClause(nrql)).toBe(clause));

  it.each([
    "SELECT count(*) FROM T WHERE name = 'LIMIT SINCE'",
    'SELECT average(`a limit`) FROM T',
    'SELECT count(*) FROM T WHERE id IN (FROM U SELECT uniques(id) SINCE 1 day ago LIMIT 5)',
    'SELECT sum(limitless) FROM T',
  ])('%s has none', (nrql) => expect(misplacedClause(nrql)).toBeNull());

  it('is read at once however it is written', () => {
    expect(misplacedClause(`SELECT ${'('.repeat(100_000)}`)).toBeNull();
    expect(misplacedClause(`SELECT ${"'".repeat(100_001)}`)).toBeNull();
  });

  it.each([
    [60_000, '1 minute'],
    [300_000, '5 minutes'],
    [5_400_000, '90 minutes'],
    [3_600_000, '1 hour'],
    [86_400_000, '1 day'],
    [30_000, '30 seconds'],
  ])('an interval of %d ms is %s', (stepMs, words) =>
    expect(withWindow(' SELECT 1 FROM T ', stepMs, { fromMs: 0, toMs: stepMs })).toBe(
      `SELECT 1 FROM T SINCE 0 UNTIL ${stepMs} TIMESERIES ${words}`,
    ),
  );

  it('asks for all series where it has facets', () => {
    expect(withWindow('SELECT 1 FROM T facet a', 60_000, { fromMs: 0, toMs: 1 })).toMatch(/ LIMIT MAX$/);
    expect(withWindow("SELECT 1 FROM T WHERE a = 'facet'", 60_000, { fromMs: 0, toMs: 1 })).not.toContain('LIMIT');
  });

  it.each([
    ['SELECT average(http.server.duration) FROM Metric WHERE a = 1 FACET b', 'http.server.duration'],
    ['FROM Metric SELECT sum(`a.b-c`)', 'a.b-c'],
    ["SELECT max(a.b) AS 'x' FROM Metric", 'a.b'],
    ['SELECT average(duration) FROM Transaction', null],
    ['SELECT average(a.b) * 1000 FROM Metric', null],
    ['SELECT rate(sum(a.b), 1 minute) FROM Metric', null],
    ['SELECT count(a.b) FROM Metric', null],
  ])('%s reads the metric %s in its own unit', (nrql, metric) => expect(metricOf(nrql)).toBe(metric));
});
