import { canonicalJson, type PlanVersion, type Project } from '../domain/index.ts';
import { type Difference, differences } from './difference.ts';
import { PermanentError } from './errors.ts';
import type { FrozenPlan } from './store/projects.ts';

/** A frozen plan that the definition would change. */
export interface FrozenPlanConflict {
  planId: string;
  /** The whole plan, where it is missing. */
  changes: Difference[];
}

/**
 * The project with each frozen plan as it was frozen, whatever it takes from its metrics by now. `conflicts`: what a person
 * wrote differently than when it was frozen, and plans that are gone; with any of them the definition must not be stored.
 */
export function withFrozenPlans(
  project: Project,
  written: Readonly<Record<string, unknown>> | undefined,
  frozen: readonly FrozenPlan[],
): { project: Project; conflicts: FrozenPlanConflict[] } {
  const conflicts: FrozenPlanConflict[] = [];
  const byId = new Map(frozen.map((each) => [each.plan.id, each]));
  const plans = project.plans.map((plan): PlanVersion => {
    const stored = byId.get(plan.id);
    byId.delete(plan.id);
    if (stored === undefined) return plan;
    if (isSame(plan, stored.plan)) return stored.plan;
    const now = written?.[plan.id];
    const isKnown = now !== undefined && stored.written !== null;
    if (isKnown && isSame(now, stored.written)) return stored.plan;
    conflicts.push({
      planId: plan.id,
      changes: isKnown ? differences(stored.written, now) : differences(stored.plan, plan),
    });
    return stored.plan;
  });
  for (const [planId, { plan }] of byId)
    conflicts.push({ planId, changes: [{ path: [], before: plan, after: undefined }] });
  return { project: { ...project, plans }, conflicts };
}

const isSame = (one: unknown, other: unknown): boolean => canonicalJson(one) === canonicalJson(other);

/** One line for each place that differs. */
export const frozenPlanLines = (projectId: string, conflicts: readonly FrozenPlanConflict[]): string[] =>
  conflicts.flatMap(({ planId, changes }) =>
    changes.map(({ path, before, after }) =>
      path.length === 0 && after === undefined
        ? `project ${projectId}: plan ${planId} is frozen and must not be taken away`
        : `project ${projectId}: plan ${planId} is frozen: ${path.join('.')} ${words(before)} → ${words(after)}`,
    ),
  );

const words = (value: unknown): string =>
  value === undefined ? 'nothing' : typeof value === 'string' ? value : canonicalJson(value);

/** `config/frozen-plan` with every place of every plan, or null. */
export function frozenPlanError(
  conflicts: readonly { projectId: string; conflicts: readonly FrozenPlanConflict[] }[],
): PermanentError | null {
  const lines = conflicts.flatMap((each) => frozenPlanLines(each.projectId, each.conflicts));
  if (lines.length === 0) return null;
  return new PermanentError('config/frozen-plan', lines.join('\n'), {
    hint: 'Put it back as it was, and write what is promised now as a new version below plans.',
    facts: { plans: conflicts.flatMap((each) => each.conflicts.map(({ planId }) => `${each.projectId}/${planId}`)) },
  });
}
