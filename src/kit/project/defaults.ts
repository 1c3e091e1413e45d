import { addDays, addMonths, addYears, later } from '../../domain/index.ts';
import type { LocalDate, StartRule } from '../../domain/types.ts';
import type { Lag } from './lag.ts';
import type { MetricInput } from './metric-schema.ts';
import type { DeliverableInput, ProjectInput } from './schema.ts';

export const DEFAULT_HORIZON_YEARS = 3;

/** First date past the horizon. */
export const horizonEnd = (project: ProjectInput): LocalDate =>
  project.horizonEndsOn ?? addYears(project.startsOn, project.horizonYears ?? DEFAULT_HORIZON_YEARS);

/** The same for rules: null where it lies before the start, which is a problem of its own. */
export function properHorizonEnd(project: ProjectInput): LocalDate | null {
  const end = horizonEnd(project);
  return end > project.startsOn ? end : null;
}
/** What the end of the horizon rests on. */
export const horizonPaths = [['startsOn'], ['horizonYears'], ['horizonEndsOn']];

/** Names of hand-written cost lines that have none of their own. */
export const lineId = (id: string | undefined, index: number): string => id ?? `line-${index + 1}`;

export interface BenefitStart {
  /** First day that counts as benefit. */
  startsOn: LocalDate;
  rule: StartRule | null;
  /** False: the deliverable is not there yet. */
  hasStarted: boolean;
}

/** Where no start is written, benefit begins at the end of the baseline's window, else with the project. */
export const defaultStart = (metric: MetricInput, project: ProjectInput): LocalDate =>
  later(metric.baseline?.to ?? project.startsOn, project.startsOn);

/** When a metric's benefit begins, as far as is known by now. Null: it waits for a deliverable that does not exist. */
export function benefitStart(metric: MetricInput, project: ProjectInput): BenefitStart | null {
  if (metric.start === undefined)
    return { startsOn: metric.startsOn ?? defaultStart(metric, project), rule: null, hasStarted: true };
  const { deliverable, lag } = metric.start;
  const found = ownEntry(project.deliverables, deliverable);
  if (found === undefined) return null;
  return {
    startsOn: afterLag(found.actual ?? found.forecast ?? found.planned, lag),
    rule: { deliverable, lagMonths: lag.months, lagDays: lag.days },
    hasStarted: found.actual !== undefined,
  };
}

/** The same as it was promised: a deliverable's delay since is a variance of the plan and no change of it. */
export function plannedStart(metric: MetricInput, project: ProjectInput): LocalDate | null {
  if (metric.start === undefined) return metric.startsOn ?? defaultStart(metric, project);
  const found: DeliverableInput | undefined = ownEntry(project.deliverables, metric.start.deliverable);
  return found === undefined ? null : afterLag(found.planned, metric.start.lag);
}

const afterLag = (date: LocalDate, { months, days }: Lag): LocalDate => addDays(addMonths(date, months), days);

/** An entry by a name that people wrote: `toString` is none. */
export function ownEntry<T>(entries: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

/** A seed that is the same wherever the project is computed (FNV-1a, 32 bits). */
export function seedOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
