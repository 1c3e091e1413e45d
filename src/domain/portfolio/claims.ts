import { Decimal, ratioString, sum } from '../money/decimal.ts';
import { daysBetween } from '../time/dates.ts';
import type { DecimalString, LocalDate } from '../types.ts';

/** A counted period of a metric that claims something. */
export interface ClaimedPeriod {
  projectId: string;
  metricId: string;
  claimKey: string;
  attribution: Decimal;
  from: LocalDate;
  to: LocalDate;
}

/** A stretch of time in which more than the whole was claimed. */
export interface ClaimConflict {
  claimKey: string;
  from: LocalDate;
  to: LocalDate;
  /** Σ of the attributions, above 1. */
  attributionTotal: DecimalString;
  claimants: { projectId: string; metricId: string; attribution: DecimalString }[];
}

export interface ClaimScaling {
  /** What a period's benefit is multiplied by, above 0 and 1 at most. */
  factorOf(period: ClaimedPeriod): Decimal;
  conflicts: ClaimConflict[];
}

interface Stretch {
  from: LocalDate;
  to: LocalDate;
  total: Decimal;
  claimants: ClaimedPeriod[];
}

/**
 * The claims registry: on no day may the attributions to one key sum to more than the whole. Where they do, each is scaled
 * by 1/Σ (pro rata) for that day; a period longer than the conflict is scaled by the mean over its days. Several metrics
 * of one project count each.
 */
export function scaleClaims(periods: readonly ClaimedPeriod[]): ClaimScaling {
  const stretches = new Map<string, Stretch[]>();
  const keys = [...new Set(periods.map(({ claimKey }) => claimKey))].sort();
  for (const key of keys) stretches.set(key, stretchesOf(periods.filter(({ claimKey }) => claimKey === key)));
  return {
    factorOf({ claimKey, from, to }) {
      const parts = (stretches.get(claimKey) ?? []).filter((stretch) => stretch.from < to && stretch.to > from);
      const weighted = parts.map((stretch) => {
        const start = stretch.from > from ? stretch.from : from;
        const end = stretch.to < to ? stretch.to : to;
        const share = stretch.total.gt(1) ? new Decimal(1).div(stretch.total) : new Decimal(1);
        return share.times(daysBetween(start, end));
      });
      return sum(weighted).div(daysBetween(from, to));
    },
    conflicts: keys.flatMap((key) => conflictsOf(key, stretches.get(key) ?? [])),
  };
}

/** The time that the periods cover, cut wherever one of them begins or ends. */
function stretchesOf(periods: readonly ClaimedPeriod[]): Stretch[] {
  const starts = new Map<LocalDate, ClaimedPeriod[]>();
  const ends = new Map<LocalDate, ClaimedPeriod[]>();
  for (const period of periods) {
    starts.set(period.from, [...(starts.get(period.from) ?? []), period]);
    ends.set(period.to, [...(ends.get(period.to) ?? []), period]);
  }
  const borders = [...new Set([...starts.keys(), ...ends.keys()])].sort();
  const active = new Set<ClaimedPeriod>();
  const stretches: Stretch[] = [];
  for (const [index, from] of borders.entries()) {
    for (const period of ends.get(from) ?? []) active.delete(period);
    for (const period of starts.get(from) ?? []) active.add(period);
    const to = borders[index + 1];
    if (to === undefined || active.size === 0) continue;
    const claimants = [...active].sort((a, b) => compare(a.projectId, b.projectId) || compare(a.metricId, b.metricId));
    stretches.push({ from, to, total: sum(claimants.map(({ attribution }) => attribution)), claimants });
  }
  return stretches;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Neighbouring stretches with the same claimants are one conflict. */
function conflictsOf(claimKey: string, stretches: readonly Stretch[]): ClaimConflict[] {
  const conflicts: ClaimConflict[] = [];
  for (const { from, to, total, claimants } of stretches) {
    if (total.lte(1)) continue;
    const named = claimants.map(({ projectId, metricId, attribution }) => ({
      projectId,
      metricId,
      attribution: ratioString(attribution),
    }));
    const last = conflicts.at(-1);
    if (last?.to === from && JSON.stringify(last.claimants) === JSON.stringify(named)) last.to = to;
    else conflicts.push({ claimKey, from, to, attributionTotal: ratioString(total), claimants: named });
  }
  return conflicts;
}
