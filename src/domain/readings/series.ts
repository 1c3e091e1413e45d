import { Decimal } from '../money/decimal.ts';
import { addDays } from '../time/dates.ts';
import { localDateAt, startOfDayMs } from '../time/zones.ts';
import type { StoredSample } from '../types.ts';
import { isEvidence, type SeriesFacts, seriesFacts } from './facts.ts';
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
  /** Of labels and unit: the same in every database. */
  key: string;
  /** Ascending, none overlapping. */
  spells: Spell[];
  /** All that was given of it, by time, whatever they are. */
  samples: readonly StoredSample[];
  /** Usual length of a spell; null where the samples do not tell. */
  intervalMs: number | null;
  /** Start of its first spell, also where that is not among those given. */
  firstMs: number;
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
 * starts at local midnight and lasts n days is n calendar days long, whatever the clocks do in between. `facts` tells what
 * a part of the samples cannot: absent, the set holds all of them and they are read off it.
 */
export function prepareSeries(
  set: SampleSet,
  timeZone: string,
  untilMs: number,
  facts: readonly SeriesFacts[] = factsOfSet(set, untilMs),
): PreparedSeries {
  const bySeries = samplesBySeries(set.samples, untilMs);
  let newestMs: number | null = null;
  let overlapping = 0;
  const series: Series[] = [];
  for (const { key, intervalMs, firstMs } of facts) {
    const samples = bySeries.get(key) ?? [];
    const evidence = samples.filter(isEvidence);
    const spells: Spell[] = [];
    for (const [index, sample] of evidence.entries()) {
      const next = evidence[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      const toMs = endOf(sample, intervalMs, next, timeZone);
      if (sample.atMs < (spells.at(-1)?.toMs ?? Number.NEGATIVE_INFINITY)) overlapping++;
      else spells.push(spellOf(sample, toMs));
    }
    const lastMs = spells.at(-1)?.toMs;
    if (lastMs !== undefined) newestMs = Math.max(newestMs ?? Number.NEGATIVE_INFINITY, lastMs);
    series.push({ key, spells, samples, intervalMs, firstMs });
  }
  return { series, declaredIntervalMs: declared(set), newestMs, overlapping };
}

const declared = ({ intervalMs }: SampleSet): number | null => (intervalMs && intervalMs > 0 ? intervalMs : null);

/** What all samples of a set say of their series, those without any evidence left out; by key. */
export function factsOfSet(set: SampleSet, untilMs: number): SeriesFacts[] {
  return [...samplesBySeries(set.samples, untilMs)]
    .flatMap(([key, samples]) => seriesFacts(key, samples, declared(set)) ?? [])
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Samples that begin before an instant, by their series' key, each by time. */
function samplesBySeries(samples: readonly StoredSample[], untilMs: number): Map<string, StoredSample[]> {
  const bySeries = new Map<string, StoredSample[]>();
  for (const sample of samples) {
    if (sample.atMs >= untilMs) continue;
    const group = bySeries.get(sample.seriesKey);
    if (group) group.push(sample);
    else bySeries.set(sample.seriesKey, [sample]);
  }
  for (const group of bySeries.values()) group.sort((a, b) => a.atMs - b.atMs);
  return bySeries;
}

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

/**
 * Numerators and denominators of two sources joined by their time into one series. A time at which any series of either
 * side has no sample is left out: half of a ratio says nothing. `firstMs` is the first such time of all, where only a
 * part of the samples is given.
 */
export function joinRatio(
  numerators: PreparedSeries,
  denominators: PreparedSeries,
  firstMs: number | null = null,
): PreparedSeries {
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
  const first = firstMs ?? spells[0]?.fromMs ?? null;
  const intervalMs = numerators.series[0]?.intervalMs ?? null;
  return {
    series: first === null ? [] : [{ key: '', spells, samples: [], intervalMs, firstMs: first }],
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
  const starts = series.map(({ firstMs }) => firstMs);
  return new Map(
    [...totals].filter(([fromMs, { parts }]) => parts === starts.filter((start) => start <= fromMs).length),
  );
}

/** Spells that touch [fromMs, toMs); the first is found by halving. */
export function spellsIn({ spells }: Series, fromMs: number, toMs: number): Spell[] {
  const first = halve(spells, (spell) => spell.toMs <= fromMs && spell.fromMs < fromMs);
  let end = first;
  while (end < spells.length && (spells[end] as Spell).fromMs < toMs) end++;
  return spells.slice(first, end);
}

/** Samples from the first evidence on that begin in [fromMs, toMs), and the one before whose spell reaches into it. */
export function evidenceIn({ samples, spells, firstMs }: Series, fromMs: number, toMs: number): StoredSample[] {
  const first = halve(samples, ({ atMs }) => atMs < Math.max(fromMs, firstMs));
  let end = first;
  while (end < samples.length && (samples[end] as StoredSample).atMs < toMs) end++;
  const found = samples.slice(first, end);
  const before = spells[halve(spells, (spell) => spell.fromMs < fromMs) - 1];
  if (before === undefined || before.toMs <= fromMs) return found;
  const reaching = samples[halve(samples, ({ atMs }) => atMs < before.fromMs)];
  return reaching === undefined ? found : [reaching, ...found];
}

/** Index of the first item that is not `before`; all that are come first. */
function halve<T>(items: readonly T[], before: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(items[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
