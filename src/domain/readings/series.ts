import { Decimal } from '../money/decimal.ts';
import { addDays } from '../time/dates.ts';
import { localDateAt, startOfDayMs } from '../time/zones.ts';
import type { StoredSample } from '../types.ts';
import type { SampleSet } from './samples.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** A sample as an interval of time over which its value holds. */
export interface Spell {
  fromMs: number;
  toMs: number;
  value: Decimal;
  numerator: Decimal | null;
  denominator: Decimal | null;
  provisional: boolean;
  revision: number;
  /** False for an instantaneous sample: the interval says how long it vouches for, its value is never shared out. */
  divisible: boolean;
}
export interface Series {
  /** Ascending, none overlapping. */
  spells: Spell[];
  /** Usual length of a spell; null where the samples do not tell. */
  intervalMs: number | null;
}
export interface PreparedSeries {
  series: Series[];
  /** The stream's declared interval, for when there is no sample to read it off. */
  declaredIntervalMs: number | null;
  /** Until when the newest value-bearing sample vouches. */
  newestMs: number | null;
  /** Samples left out because their time was already covered by an earlier one of the same series. */
  overlapping: number;
}

/**
 * Samples as spells, series by series. Estimates and missing samples are left out: they are no evidence. A sample that
 * starts at local midnight and lasts n days is n calendar days long, whatever the clocks do in between.
 */
export function prepareSeries(set: SampleSet, timeZone: string, untilMs: number): PreparedSeries {
  const declaredIntervalMs = set.intervalMs && set.intervalMs > 0 ? set.intervalMs : null;
  const bySeries = new Map<string, StoredSample[]>();
  for (const sample of set.samples) {
    if (sample.atMs >= untilMs) continue;
    const group = bySeries.get(sample.seriesId);
    if (group) group.push(sample);
    else bySeries.set(sample.seriesId, [sample]);
  }
  let newestMs: number | null = null;
  let overlapping = 0;
  const series: Series[] = [];
  for (const [, group] of [...bySeries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const ordered = group.sort((a, b) => a.atMs - b.atMs);
    const evidence = ordered.filter(isEvidence);
    const intervalMs = usualInterval(ordered, declaredIntervalMs);
    const spells: Spell[] = [];
    for (const [index, sample] of evidence.entries()) {
      const next = evidence[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      const toMs = endOf(sample, intervalMs, next, timeZone);
      if (sample.atMs < (spells.at(-1)?.toMs ?? Number.NEGATIVE_INFINITY)) overlapping++;
      else spells.push(spellOf(sample, toMs));
    }
    if (spells.length === 0) continue;
    newestMs = Math.max(newestMs ?? Number.NEGATIVE_INFINITY, spells.at(-1)?.toMs ?? Number.NEGATIVE_INFINITY);
    series.push({ spells, intervalMs });
  }
  return { series, declaredIntervalMs, newestMs, overlapping };
}

const isEvidence = (sample: StoredSample): boolean =>
  (sample.value !== null || sample.numerator !== null) &&
  (sample.status === 'final' || sample.status === 'provisional');

function endOf(sample: StoredSample, intervalMs: number | null, nextMs: number, timeZone: string): number {
  if (sample.durationMs <= 0) return Math.min(nextMs, sample.atMs + (intervalMs ?? 0));
  const days = Math.round(sample.durationMs / DAY_MS);
  const endMs = sample.atMs + sample.durationMs;
  if (days < 1 || Math.abs(sample.durationMs - days * DAY_MS) > HOUR_MS) return endMs;
  const date = localDateAt(sample.atMs, timeZone);
  return startOfDayMs(date, timeZone) === sample.atMs ? startOfDayMs(addDays(date, days), timeZone) : endMs;
}

const decimalOf = (value: number | null): Decimal | null => (value === null ? null : new Decimal(String(value)));

function spellOf(sample: StoredSample, toMs: number): Spell {
  const numerator = decimalOf(sample.numerator);
  const denominator = decimalOf(sample.denominator);
  const value =
    decimalOf(sample.value) ?? (numerator && denominator && !denominator.isZero() ? numerator.div(denominator) : null);
  return {
    fromMs: sample.atMs,
    toMs: Math.max(toMs, sample.atMs),
    value: value ?? new Decimal(0),
    numerator,
    denominator,
    provisional: sample.status === 'provisional',
    revision: sample.revision,
    divisible: sample.durationMs > 0,
  };
}

/** The declared interval, else the commonest covered length, else the commonest distance; the shorter of equals. */
function usualInterval(samples: readonly StoredSample[], declaredMs: number | null): number | null {
  if (declaredMs !== null) return declaredMs;
  const lengths = samples.map((sample) => sample.durationMs).filter((length) => length > 0);
  const distances = samples.slice(1).map((sample, index) => sample.atMs - (samples[index]?.atMs ?? 0));
  return commonest(lengths) ?? commonest(distances.filter((distance) => distance > 0));
}

function commonest(values: readonly number[]): number | null {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const ordered = [...counts].sort(([a, n], [b, m]) => m - n || a - b);
  return ordered[0]?.[0] ?? null;
}

/**
 * Numerators and denominators of two sources joined by their time into one series. A time at which any series of either
 * side has no sample is left out: half of a ratio says nothing.
 */
export function joinRatio(numerators: PreparedSeries, denominators: PreparedSeries): PreparedSeries {
  const above = totalsByTime(numerators.series);
  const below = totalsByTime(denominators.series);
  const spells: Spell[] = [];
  for (const [fromMs, total] of above) {
    const other = below.get(fromMs);
    if (!other) continue;
    spells.push({
      ...total,
      numerator: total.value,
      denominator: other.value,
      toMs: Math.min(total.toMs, other.toMs),
      provisional: total.provisional || other.provisional,
      revision: Math.max(total.revision, other.revision),
    });
  }
  spells.sort((a, b) => a.fromMs - b.fromMs);
  const newest = spells.at(-1);
  return {
    series: newest ? [{ spells, intervalMs: numerators.series[0]?.intervalMs ?? null }] : [],
    declaredIntervalMs: numerators.declaredIntervalMs,
    newestMs: newest?.toMs ?? null,
    overlapping: numerators.overlapping + denominators.overlapping,
  };
}

function totalsByTime(series: readonly Series[]): Map<number, Spell> {
  const totals = new Map<number, Spell & { parts: number }>();
  for (const { spells } of series)
    for (const spell of spells) {
      const known = totals.get(spell.fromMs);
      totals.set(spell.fromMs, {
        ...spell,
        value: spell.value.plus(known?.value ?? 0),
        toMs: Math.min(spell.toMs, known?.toMs ?? spell.toMs),
        provisional: spell.provisional || (known?.provisional ?? false),
        revision: Math.max(spell.revision, known?.revision ?? 0),
        parts: (known?.parts ?? 0) + 1,
      });
    }
  const starts = series.map(({ spells }) => spells[0]?.fromMs ?? 0);
  return new Map(
    [...totals].filter(([fromMs, { parts }]) => parts === starts.filter((start) => start <= fromMs).length),
  );
}
