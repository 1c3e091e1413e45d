import type { Project } from '#domain';
import {
  type Config,
  configuredProjects,
  hasChanges,
  type JobPorts,
  type OutboxRow,
  OutturnError,
  type ProjectsPlan,
  planProjects,
  projectsUsingCurrencies,
} from '#kit';

import { type AppliedConnectors, applyConnectors, type ConnectorsPlan } from './connector-definitions.ts';

export { hasChanges, type PlannedProject, type ProjectsPlan } from '#kit';

type Parts = Pick<JobPorts, 'config' | 'registry' | 'store'>;

/** What applying the configuration would change; nothing is written. */
export const readPlan = ({ config, registry, store }: Parts): Promise<ProjectsPlan> =>
  store.transaction((tx) => planProjects(tx, configuredProjects({ config, registry }), config.fxRates), {
    oneInstant: true,
  });

/**
 * Puts the connectors, the projects and the exchange rates of the configuration in force, and has the figures of each project that changed, or
 * that uses a currency whose rates did, computed anew, in one transaction. `recomputesNew`: those of new ones as well. Throws as `ProjectRepository.apply`.
 */
export async function applyConfiguration(
  { config, registry, store }: Parts,
  {
    by,
    reason,
    recomputesNew = false,
    expected,
    expectedConnectors,
  }: {
    by: string;
    reason?: string | null;
    recomputesNew?: boolean;
    /** What somebody agreed to: when it would do anything else by now, nothing is done. */
    expected?: ProjectsPlan;
    expectedConnectors?: ConnectorsPlan;
  },
): Promise<{
  created: string[];
  changed: string[];
  retired: string[];
  /** Currencies whose configured rates changed. */
  exchangeRates: string[];
  connectors: AppliedConnectors;
  jobs: OutboxRow[];
}> {
  const drafts = configuredProjects({ config, registry });
  return await store.transaction(
    async (tx) => {
      // First: who stores a pull holds its stream, then the projects.
      const connectors = await applyConnectors(
        tx,
        { config, registry },
        {
          by,
          reason,
          agreed: (plan) => {
            if (expectedConnectors !== undefined) requireSamePlan(plan, expectedConnectors);
          },
        },
      );
      await tx.lock('projects');
      if (expected !== undefined) requireSamePlan(await planProjects(tx, drafts, config.fxRates), expected);
      const before = await tx.projects.list();
      const applied = await tx.projects.apply(drafts, { by, reason });
      await tx.people.apply(config);
      const rates = await tx.fx.applyConfigured(config.fxRates, { by });
      const changed = rates.currencies.map((currency) => ({ currency }));
      const inForce = await tx.projects.list();
      const inAnotherCurrency = await projectsUsingCurrencies(tx, inForce, changed);
      const wanted = new Set([...applied.changed, ...inAnotherCurrency]);
      for (const id of applied.created)
        if (recomputesNew) wanted.add(id);
        else wanted.delete(id);
      const jobs: OutboxRow[] = [];
      for (const project of [...wanted].sort())
        jobs.push(await tx.outbox.enqueue({ kind: 'recompute-roi', args: { project }, cause: `apply by ${by}` }));
      for (const portfolio of portfoliosLeft(before, inForce, config))
        await tx.outbox.enqueue({ kind: 'recompute-portfolio', args: { portfolio }, cause: `apply by ${by}` });
      return { ...applied, exchangeRates: rates.currencies, connectors, jobs };
    },
    { records: true },
  );
}

/** Portfolios that a project has left and that are still there: no recompute of a project would roll them up anew. */
function portfoliosLeft(before: readonly Project[], inForce: readonly Project[], { portfolios }: Config): string[] {
  const now = new Map(inForce.map((project) => [project.id, project.portfolio]));
  const known = new Set([...portfolios.map(({ id }) => id), ...now.values()]);
  const left = before.flatMap(({ id, portfolio }) => (portfolio !== (now.get(id) ?? null) ? (portfolio ?? []) : []));
  return [...new Set(left)].filter((id) => known.has(id)).sort();
}

function requireSamePlan<T extends ProjectsPlan | ConnectorsPlan>(plan: T, expected: T): void {
  if (JSON.stringify(withoutProgress(plan)) === JSON.stringify(withoutProgress(expected))) return;
  throw new OutturnError(
    'api/conflict',
    'Somebody changed what is in force since the plan was shown; nothing is applied.',
    { hint: 'Run outturn apply again and look at the new plan.' },
  );
}

/** Pulls go on while somebody reads the plan. */
const withoutProgress = (plan: ProjectsPlan | ConnectorsPlan): unknown =>
  'connectors' in plan
    ? plan.connectors.map(({ streams, ...rest }) => ({
        ...rest,
        streams: streams.map(({ watermarkMs: _, watermark, ...stream }) => ({ ...stream, anew: watermark === 'anew' })),
      }))
    : plan;

/** Projects that differ from what is written. */
export async function unappliedProjects(parts: Parts): Promise<string[]> {
  const plan = await readPlan(parts);
  return hasChanges(plan) ? plan.projects.filter(({ action }) => action !== 'none').map(({ id }) => id) : [];
}
