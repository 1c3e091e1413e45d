import { addDays, earlier } from '../time/dates.ts';
import { type Period, periodAt } from '../time/periods.ts';
import { instantsOf, localDateAt, startOfDayMs } from '../time/zones.ts';
import type { LocalDate, Project, ValueMetric } from '../types.ts';
import { canonicalHash } from '../value/canonical.ts';
import type { MetricFacts, SeriesFacts } from './facts.ts';
import type { PeriodReading } from './outcome.ts';
import { baselinePeriods, evidenceRange, firstShownDate, readingVersion, shownPeriods } from './read-metric.ts';

/** A metric's readings as some recompute found them, with what tells which of them still hold. */
export interface KeptReadings {
  /** Hash of all that they depend on besides samples and date. */
  key: string;
  asOf: LocalDate;
  facts: MetricFacts;
  newestSampleAtMs: number | null;
  overlapping: number;
  /** Shown periods and those of a baseline that is not frozen. */
  periods: PeriodReading[];
  /** Those of a frozen baseline. */
  frozen: PeriodReading[];
}

type Interval = { fromMs: number; toMs: number };
export type DeclaredIntervals = Record<'source' | 'denominator' | 'exposure' | 'control', number | null>;

/** SHA-256 of what a metric's readings depend on besides samples and date: other keys, other readings. */
export function readingsKey(project: Project, metric: ValueMetric, intervals: DeclaredIntervals): string {
  const { baseline, counterfactual } = metric;
  return canonicalHash({
    readingVersion,
    timeZone: project.timeZone,
    from: firstShownDate(project, metric),
    kind: metric.kind,
    cadence: metric.cadence,
    source: metric.source,
    denominator: metric.denominator,
    exposure: metric.exposure?.kind === 'series' ? metric.exposure.source : null,
    control: counterfactual.kind === 'control' ? counterfactual.source : null,
    baseline:
      baseline?.kind === 'window' ? { from: baseline.from, to: baseline.to, frozenOn: baseline.frozenOn } : null,
    intervals,
  });
}

/** Every period that a metric's readings hold, each once, ascending: the shown ones and those of a baseline not frozen. */
export function wantedPeriods(project: Project, metric: ValueMetric, asOf: LocalDate): Period[] {
  const isFrozen = metric.baseline?.frozenOn != null;
  const byDate = new Map(
    [...(isFrozen ? [] : baselinePeriods(metric)), ...shownPeriods(project, metric, asOf)].map((period) => [
      period.from,
      period,
    ]),
  );
  return [...byDate.values()].sort((a, b) => (a.from < b.from ? -1 : 1));
}

/**
 * Which periods must be read again because of samples changed in the `dirty` ones and of the days that went by since;
 * null: all. `facts` are those of now. A changed sample counts in the periods that it covers, which are marked, and one
 * usual interval further, where an instantaneous sample before it vouches or vouches no more.
 */
export function stalePeriods(
  project: Project,
  metric: ValueMetric,
  kept: KeptReadings,
  facts: MetricFacts,
  dirty: readonly LocalDate[],
  asOf: LocalDate,
): Period[] | null {
  // Without a newest sample there was nothing to read: reading all of it costs nothing.
  if (asOf < kept.asOf || kept.newestSampleAtMs === null) return null;
  const changed = changedFacts(kept.facts, facts);
  if (changed === null) return null;
  const wanted = wantedPeriods(project, metric, asOf);
  if (dirty.some((date) => isBetween(project, metric, wanted, date, asOf))) return null;
  const marked = dirtyIntervals(project, metric, kept.facts, dirty);
  const { joinedFirstMs } = kept.facts;
  const isJoined = metric.kind === 'ratio' && metric.denominator !== null;
  if (isJoined && (joinedFirstMs === null || [...changed, ...marked].some(({ fromMs }) => fromMs <= joinedFirstMs)))
    return null;
  const intervals = [...changed, ...marked, { fromMs: tailFromMs(project, metric, kept), toMs: Infinity }];
  const known = new Set(kept.periods.map(({ from }) => from));
  return wanted.filter((period) => {
    if (!known.has(period.from)) return true;
    const { fromMs, toMs } = instantsOf(period, project.timeZone);
    return intervals.some((interval) => interval.fromMs < toMs && interval.toMs > fromMs);
  });
}

/** Of samples that are read and belong to no period, overlaps are counted all the same: only reading all of them tells. */
function isBetween(
  project: Project,
  metric: ValueMetric,
  wanted: readonly Period[],
  date: LocalDate,
  asOf: LocalDate,
): boolean {
  const period = periodAt(date, metric.cadence);
  const { fromMs } = evidenceRange(project, metric, asOf);
  return (
    period.from <= asOf &&
    startOfDayMs(period.to, project.timeZone) > fromMs &&
    !wanted.some(({ from }) => from === period.from)
  );
}

/** Whether a frozen baseline must be read again: it was open then, or what it rests on may have been changed since. */
export function isFrozenStale(
  project: Project,
  metric: ValueMetric,
  kept: KeptReadings,
  dirty: readonly LocalDate[],
  asOf: LocalDate,
): boolean {
  const { baseline } = metric;
  if (baseline?.kind !== 'window' || baseline.frozenOn === null) return false;
  if (asOf < kept.asOf || kept.asOf <= baseline.frozenOn || addDays(kept.asOf, 1) < baseline.to) return true;
  const { fromMs } = evidenceRange(project, metric, asOf);
  return dirty.some((date) => {
    const period = periodAt(date, metric.cadence);
    return period.from < baseline.to && startOfDayMs(period.to, project.timeZone) > fromMs;
  });
}

/** From when on everything is read again: the newest sample's period, and whatever was not over then. */
function tailFromMs(project: Project, metric: ValueMetric, kept: KeptReadings): number {
  const newest = localDateAt((kept.newestSampleAtMs ?? 0) - 1, project.timeZone);
  const first = earlier(newest, addDays(kept.asOf, 1));
  const open = periodAt(kept.asOf, metric.cadence);
  const from = earlier(periodAt(first, metric.cadence).from, open.to > addDays(kept.asOf, 1) ? open.from : open.to);
  return startOfDayMs(from, project.timeZone);
}

function dirtyIntervals(
  project: Project,
  metric: ValueMetric,
  facts: MetricFacts,
  dirty: readonly LocalDate[],
): Interval[] {
  const vouchedMs = Math.max(0, ...allFacts(facts).map(({ intervalMs }) => intervalMs ?? 0));
  return dirty.map((date) => {
    const { fromMs, toMs } = instantsOf(periodAt(date, metric.cadence), project.timeZone);
    return { fromMs, toMs: toMs + vouchedMs };
  });
}

const ROLES = ['source', 'denominator', 'exposure', 'control'] as const;
const allFacts = (facts: MetricFacts): SeriesFacts[] => ROLES.flatMap((role) => facts[role]);

/**
 * Where a series is counted on that was not, or no longer: from its first sample on it is expected in each period. Null
 * where a usual interval is another one, which each period rests on.
 */
function changedFacts(before: MetricFacts, now: MetricFacts): Interval[] | null {
  const intervals: Interval[] = [];
  for (const role of ROLES) {
    const [old, current] = [byKey(before[role]), byKey(now[role])];
    for (const key of new Set([...old.keys(), ...current.keys()])) {
      const [one, other] = [old.get(key), current.get(key)];
      if (one && other && one.intervalMs !== other.intervalMs) return null;
      const [a, b] = [one?.firstMs ?? Infinity, other?.firstMs ?? Infinity];
      if (a !== b) intervals.push({ fromMs: Math.min(a, b), toMs: Math.max(a, b) });
    }
  }
  // Of two sources joined the first series lends its interval to both.
  return before.joinedFirstMs !== null && before.source[0]?.key !== now.source[0]?.key ? null : intervals;
}

const byKey = (facts: readonly SeriesFacts[]): Map<string, SeriesFacts> =>
  new Map(facts.map((fact) => [fact.key, fact]));

/** Instants [from, to) of periods that follow on each other, as few as they make. */
export function runsOf(periods: readonly Period[], timeZone: string): Interval[] {
  const runs: Interval[] = [];
  for (const period of periods) {
    const { fromMs, toMs } = instantsOf(period, timeZone);
    const last = runs.at(-1);
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else runs.push({ fromMs, toMs });
  }
  return runs;
}
