import { type CurrencyCode, canonicalJson, changedFxCurrencies, type FxRate } from '../domain/index.ts';
import { type FrozenPlanConflict, frozenPlanLines, withFrozenPlans } from './frozen-plans.ts';
import { type ProjectChange, projectChanges } from './project-changes.ts';
import type { ProjectDraft, ProjectVersion, Repositories } from './store/index.ts';

/** What applying the configuration would do to one project. */
export interface PlannedProject {
  id: string;
  name: string;
  action: 'create' | 'change' | 'restore' | 'retire' | 'none';
  /** The version in force, null where there is none. */
  version: number | null;
  changes: ProjectChange[];
  /** Streams that give samples at other distances than when the project was last applied. */
  intervals: string[];
  /** Plans that are frozen for good when this is applied. */
  freezes: string[];
  /** Frozen plans that stay as they are although the metrics that they took figures from have changed. */
  keepsPlans: string[];
}
export interface ProjectsPlan {
  projects: PlannedProject[];
  /** Projects in force that the API manages: not touched. */
  managedByApi: string[];
  /** Currencies whose configured exchange rates change. */
  exchangeRates: CurrencyCode[];
  /** What keeps it from being applied, a line each. */
  refusals: string[];
}

/** What `ProjectRepository.apply` and `FxRepository.applyConfigured` would do with these; nothing is written. Reads one instant where the transaction does. */
export async function planProjects(
  { projects, fx }: Pick<Repositories, 'projects' | 'fx'>,
  drafts: readonly ProjectDraft[],
  fxRates: readonly FxRate[],
): Promise<ProjectsPlan> {
  const there = new Map((await allVersions(projects)).map((version) => [version.project.id, version]));
  const refusals: string[] = [];
  const planned: PlannedProject[] = [];
  for (const draft of drafts) {
    const { id } = draft.project;
    const before = there.get(id) ?? null;
    if (before !== null && !before.isRetired && before.managed === 'api')
      refusals.push(`project ${id}: it was made by the API already`);
    const frozen = await projects.frozenPlans(id);
    const merged = withFrozenPlans(draft.project, draft.writtenPlans, frozen);
    refusals.push(...frozenPlanLines(id, merged.conflicts));
    planned.push({
      ...plannedProject({ ...draft, project: merged.project }, before),
      freezes: draft.project.plans
        .map((plan) => plan.id)
        .filter((planId) => !frozen.some(({ plan }) => plan.id === planId)),
      keepsPlans: keptPlans(draft, merged),
    });
  }
  const written = new Set(drafts.map(({ project }) => project.id));
  for (const version of there.values())
    if (version.managed === 'config' && !version.isRetired && !written.has(version.project.id))
      planned.push({
        id: version.project.id,
        name: version.project.name,
        action: 'retire',
        version: version.version,
        changes: [],
        intervals: [],
        freezes: [],
        keepsPlans: [],
      });
  return {
    projects: planned.sort((a, b) => (a.id < b.id ? -1 : 1)),
    managedByApi: [...there.values()]
      .filter(({ managed, isRetired }) => managed === 'api' && !isRetired)
      .map(({ project }) => project.id),
    exchangeRates: changedFxCurrencies(await fx.configuredAt(), fxRates),
    refusals,
  };
}

/** Whether applying would change anything. */
export const hasChanges = (plan: ProjectsPlan): boolean =>
  plan.exchangeRates.length > 0 || plan.projects.some(({ action }) => action !== 'none');

const PAGE = 500;

async function allVersions(projects: Repositories['projects']): Promise<ProjectVersion[]> {
  const all: ProjectVersion[] = [];
  for (let after = ''; ; ) {
    const page = await projects.page({ after, limit: PAGE, retired: true });
    all.push(...page);
    if (page.length < PAGE) return all;
    after = page.at(-1)?.project.id ?? '';
  }
}

function plannedProject(
  { project, intervals = [] }: ProjectDraft,
  before: ProjectVersion | null,
): Omit<PlannedProject, 'freezes' | 'keepsPlans'> {
  const changes = before === null ? [] : projectChanges(before.project, project);
  const moved =
    before === null
      ? []
      : intervals
          .filter((each) => !before.intervals.some((known) => canonicalJson(known) === canonicalJson(each)))
          .map(({ connector, stream }) => `${connector}.${stream}`);
  const differs = before !== null && canonicalJson(before.intervals) !== canonicalJson(intervals);
  const action =
    before === null ? 'create' : before.isRetired ? 'restore' : changes.length > 0 || differs ? 'change' : 'none';
  const version = before === null || before.isRetired ? null : before.version;
  return { id: project.id, name: project.name, action, version, changes, intervals: moved };
}

function keptPlans(
  { project }: ProjectDraft,
  merged: { project: ProjectDraft['project']; conflicts: FrozenPlanConflict[] },
): string[] {
  return project.plans
    .filter(
      (plan, index) =>
        canonicalJson(plan) !== canonicalJson(merged.project.plans[index]) &&
        !merged.conflicts.some(({ planId }) => planId === plan.id),
    )
    .map(({ id }) => id);
}
