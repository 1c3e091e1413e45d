import { Decimal } from '../money/decimal.ts';
import type { MetricKind } from '../types.ts';
import { type PreparedSeries, type Spell, spellsIn } from './series.ts';

/** What the samples of one period come to, in the arithmetic's own numbers. */
export interface Reading {
  /** Flow: Σ; stock: time-weighted mean, series added up; ratio: Σnumerator/Σdenominator; percentile: the period's one figure. Null: nothing to go by, or a stock of which a series has no sample. */
  actual: Decimal | null;
  /** Stock: the level at the end, series added up; null as `actual` is. */
  last: Decimal | null;
  /** Ratio: Σdenominator. */
  denominator: Decimal | null;
  received: number;
  /** Null where neither the stream nor its samples tell their cadence. */
  expected: number | null;
  complete: boolean;
  /** Part of the period that the samples cover, 0 to 1. */
  share: Decimal;
  provisional: boolean;
  revision: number;
  /** False: a percentile's samples are not one figure of just this period, and cannot be made into one. */
  combinable: boolean;
}

/** Clocks put forward or back may make a percentile's interval that much longer or shorter than its period. */
const CLOCK_CHANGE_MS = 3_600_000;

/** Reads [fromMs, toMs) out of the series. A sample across the border counts for its part on this side. */
export function readPeriod(prepared: PreparedSeries, kind: MetricKind, fromMs: number, toMs: number): Reading {
  const lengthMs = toMs - fromMs;
  const active = prepared.series.filter(({ firstMs }) => firstMs < toMs);
  let total: Decimal = new Decimal(0);
  let last: Decimal = new Decimal(0);
  let numerator: Decimal = new Decimal(0);
  let denominator: Decimal = new Decimal(0);
  let shares: Decimal = new Decimal(0);
  let received = 0;
  let expected: number | null = null;
  let revision = 0;
  let provisional = false;
  let silentSeries = 0;
  let combinable = kind !== 'percentile' || active.length <= 1;
  for (const series of active) {
    let seriesCoveredMs = 0;
    let weighted: Decimal = new Decimal(0);
    let plainSum: Decimal = new Decimal(0);
    let parts: Decimal = new Decimal(0);
    let count = 0;
    let newest: Spell | null = null;
    for (const spell of spellsIn(series, fromMs, toMs)) {
      const overlapMs = Math.min(spell.toMs, toMs) - Math.max(spell.fromMs, fromMs);
      const part = partOf(spell, overlapMs, fromMs, toMs);
      seriesCoveredMs += overlapMs;
      parts = parts.plus(part);
      count += 1;
      newest = spell;
      revision = Math.max(revision, spell.revision);
      provisional ||= spell.provisional;
      if (kind === 'flow') total = total.plus(spell.value.times(part));
      if (kind === 'stock') weighted = weighted.plus(spell.value.times(overlapMs));
      plainSum = plainSum.plus(spell.value);
      if (kind === 'percentile') {
        total = spell.value;
        combinable &&= count === 1 && isWhole(spell, fromMs, toMs);
      }
      if (spell.numerator) numerator = numerator.plus(spell.numerator.times(part));
      if (spell.denominator) denominator = denominator.plus(spell.denominator.times(part));
    }
    if (kind === 'stock' && count > 0)
      total = total.plus(seriesCoveredMs > 0 ? weighted.div(seriesCoveredMs) : plainSum.div(count));
    last = last.plus(newest?.value ?? 0);
    if (count === 0) silentSeries += 1;
    const points = expectedPoints(series.intervalMs, lengthMs);
    if (points === null || series.intervalMs === null) {
      received += count;
      shares = shares.plus(count > 0 ? 1 : 0);
      continue;
    }
    // Points, not hours: of a week with a day of 23 hours, one lost day is still a seventh.
    const counted = series.intervalMs <= lengthMs ? parts.div(points) : new Decimal(seriesCoveredMs).div(lengthMs);
    const share = seriesCoveredMs >= lengthMs ? new Decimal(1) : Decimal.min(1, counted);
    expected = (expected ?? 0) + points;
    received += share.times(points).plus('1e-9').floor().toNumber();
    shares = shares.plus(share);
  }
  if (active.length === 0) expected = expectedPoints(prepared.declaredIntervalMs, lengthMs);
  const any = silentSeries < active.length;
  // Without a sample there is nothing to combine.
  combinable ||= !any;
  const quotient = kind === 'ratio' && !denominator.isZero() ? numerator.div(denominator) : null;
  // A level without one of its series would be too low by all of it.
  const isLevelKnown = kind !== 'stock' || silentSeries === 0;
  return {
    actual: any && combinable && isLevelKnown ? (kind === 'ratio' ? quotient : total) : null,
    last: any && isLevelKnown ? last : null,
    denominator: any && kind === 'ratio' ? denominator : null,
    received,
    expected,
    complete: any && silentSeries === 0 && (expected === null || received >= expected),
    share: active.length === 0 ? new Decimal(0) : shares.div(active.length),
    provisional,
    revision,
    combinable,
  };
}

function isWhole(spell: Spell, fromMs: number, toMs: number): boolean {
  return Math.abs(spell.fromMs - fromMs) <= CLOCK_CHANGE_MS && Math.abs(spell.toMs - toMs) <= CLOCK_CHANGE_MS;
}

function expectedPoints(intervalMs: number | null, lengthMs: number): number | null {
  return intervalMs === null ? null : Math.max(1, Math.round(lengthMs / intervalMs));
}

function partOf(spell: Spell, overlapMs: number, fromMs: number, toMs: number): Decimal {
  const lengthMs = spell.toMs - spell.fromMs;
  if (spell.divisible && lengthMs > 0)
    return overlapMs === lengthMs ? new Decimal(1) : new Decimal(overlapMs).div(lengthMs);
  return new Decimal(spell.fromMs >= fromMs && spell.fromMs < toMs ? 1 : 0);
}
