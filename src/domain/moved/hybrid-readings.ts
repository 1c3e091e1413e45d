import type { MetricReadings, PeriodReading } from '../readings/outcome.ts';
import type { LocalDate, ValueMetric } from '../types.ts';
import { type Ends, endOf, same } from './hybrid-project.ts';
import type { Coalition } from './players.ts';

/** A metric at both ends. */
export interface MetricEnds {
  ends: Ends;
  metric: { from: ValueMetric; to: ValueMetric };
  readings: { from: MetricReadings; to: MetricReadings };
}

/** What decides how samples are read into periods: where it differs, the readings of both ends cannot be mixed. */
function readBy({ ends, metric }: MetricEnds, side: 'from' | 'to'): unknown {
  const { kind, unit, source, denominator, exposure, cadence, counterfactual } = metric[side];
  const control = counterfactual.kind === 'control' ? counterfactual.source : null;
  return [kind, unit, source, denominator, exposure, cadence, control, ends[side].project.timeZone];
}
export function isReadAlike(both: MetricEnds): boolean {
  return same(readBy(both, 'from'), readBy(both, 'to'));
}

/** Over, with final samples: what counts if the metric's start and end allow. */
function isUsable(reading: PeriodReading | undefined, closedBefore: LocalDate): boolean {
  if (reading === undefined || reading.to > closedBefore || reading.actual === null) return false;
  return !reading.provisional && !reading.exposure?.provisional && !reading.control?.provisional;
}

/** What of a reading bears on money. */
const worthOf = ({ actual, last, denominator, complete, share, provisional, exposure, control }: PeriodReading) => ({
  actual,
  last,
  denominator,
  complete,
  share,
  provisional,
  exposure,
  control,
});
const readsTheSame = (a: readonly PeriodReading[], b: readonly PeriodReading[]): boolean =>
  same(
    a.map((each) => ({ from: each.from, ...worthOf(each) })),
    b.map((each) => ({ from: each.from, ...worthOf(each) })),
  );

/** What changed between the readings of both ends, in words; empty: nothing. */
export function readingChanges(both: MetricEnds): { volume: string; restatement: string } {
  const { ends, readings } = both;
  const time = ends.from.asOf === ends.to.asOf ? '' : `the time from ${ends.from.asOf} to ${ends.to.asOf}`;
  if (!isReadAlike(both)) return { volume: time, restatement: '' };
  const counts = { added: 0, gone: 0, restated: 0 };
  for (const { usableFrom, usableTo, from, to } of pairsOf(both)) {
    if (usableFrom && usableTo && from && to && !same(worthOf(from), worthOf(to))) counts.restated += 1;
    if (usableTo && !usableFrom) counts.added += 1;
    if (usableFrom && !usableTo) counts.gone += 1;
  }
  const count = (n: number, noun: string): string[] => (n === 0 ? [] : [`${n} ${n === 1 ? noun : `${noun}s`}`]);
  const sameWindow = same(both.metric.from.baseline, both.metric.to.baseline);
  const restatedBaseline = sameWindow && !readsTheSame(readings.from.baseline, readings.to.baseline);
  const added = count(counts.added, 'new period');
  const gone = count(counts.gone, 'period').map((each) => `${each} no longer counted`);
  return {
    volume: [...added, ...gone].join(', ') || time,
    restatement: [
      ...count(counts.restated, 'period').map((each) => `${each} restated`),
      ...(restatedBaseline ? ['baseline window restated'] : []),
    ].join(', '),
  };
}

interface Pair {
  key: LocalDate;
  from: PeriodReading | undefined;
  to: PeriodReading | undefined;
  usableFrom: boolean;
  usableTo: boolean;
}
function pairsOf({ ends, readings }: MetricEnds): Pair[] {
  const [from, to] = [byStart(readings.from), byStart(readings.to)];
  return [...new Set([...from.keys(), ...to.keys()])].sort().map((key) => ({
    key,
    from: from.get(key),
    to: to.get(key),
    usableFrom: isUsable(from.get(key), ends.from.closedBefore),
    usableTo: isUsable(to.get(key), ends.to.closedBefore),
  }));
}
const byStart = ({ periods }: MetricReadings): Map<LocalDate, PeriodReading> =>
  new Map(periods.map((reading) => [reading.from, reading]));

/**
 * Readings of a coalition: a period that counts at both ends by `restatement`, one that counts at one end only (new, arrived late,
 * withdrawn) by `volume`, periods that only an earlier start lets one see by `timing`, the baseline's window by whoever
 * changed it. Where samples are read in another way, all readings go with `method`, and `volume` only says how far.
 */
export function hybridReadings(both: MetricEnds, coalition: Coalition): MetricReadings {
  const { ends, readings, metric } = both;
  const method = coalition.has('method') ? readings.to : readings.from;
  if (!isReadAlike(both)) {
    if (coalition.has('volume') === coalition.has('method')) return method;
    const [a, b] = [ends.from.closedBefore, ends.to.closedBefore];
    const until = a < b ? a : b;
    return { ...method, periods: method.periods.filter(({ to }) => to <= until) };
  }
  const sameWindow = same(metric.from.baseline, metric.to.baseline);
  const baseline = coalition.has(sameWindow ? 'restatement' : 'method') ? readings.to : readings.from;
  const [firstFrom, firstTo] = [readings.from.periods[0]?.from, readings.to.periods[0]?.from];
  const later = firstFrom && firstTo ? (firstFrom > firstTo ? firstFrom : firstTo) : null;
  const periods = pairsOf(both).flatMap(({ key, from, to, usableFrom, usableTo }) => {
    const player =
      later !== null && key < later ? 'timing' : usableFrom && usableTo ? 'restatement' : ('volume' as const);
    const chosen = coalition.has(player) ? to : from;
    return chosen === undefined ? [] : [chosen];
  });
  return { ...endReadings(both, coalition), periods, baseline: baseline.baseline };
}

function endReadings({ ends, readings }: MetricEnds, coalition: Coalition): MetricReadings {
  return endOf(ends, coalition, 'volume') === ends.to ? readings.to : readings.from;
}
