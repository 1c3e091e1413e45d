import type { Command } from 'commander';
import type { ConnectorsPlan } from '#src/main/connector-definitions';
import type { ProjectsPlan } from '#src/main/projects';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { connectorPlanLines, connectorPlanSummary } from '../connector-plan-words.ts';
import { type Io, printJson } from '../io.ts';
import { planLines, planSummary } from '../project-words.ts';
import { unknownName } from '../unknown-name.ts';

/** `outturn plan`: what applying the configuration would change, in words; nothing is written. */
export function plan(program: Command, io: Io): void {
  withCommon(
    program
      .command('plan')
      .argument('[id]', 'one project or connector; all when absent')
      .description('show what the configuration would change of the connectors and projects in force')
      .option('--exit-code', 'end with status 2 where something would change, 1 where it cannot be applied'),
    [
      'plan',
      'plan checkout-rewrite',
      'plan shop-metrics',
      '$ outturn plan --exit-code > /dev/null || echo "not applied yet"',
    ],
  ).action((id: string | undefined, options: CommonOptions & { exitCode?: boolean }) =>
    withApp(
      io,
      environmentOf(io, options, { logLevel: 'error' }),
      async (app) => {
        const { hasChanges, readPlan } = await import('#src/main/projects');
        const { hasConnectorChanges, readConnectorsPlan } = await import('#src/main/connector-definitions');
        const { found, sources } = only(await readPlan(app.ports), await readConnectorsPlan(app.ports), id);
        const differs = hasChanges(found) || hasConnectorChanges(sources);
        io.setExitCode(found.refusals.length > 0 ? 1 : options.exitCode && differs ? 2 : 0);
        if (options.json) {
          const { connectors, orphaned, unreadable } = sources;
          return printJson(io, {
            changes: differs,
            applies: app.config.settings.apply,
            ...found,
            connectors,
            orphaned,
            unreadable,
          });
        }
        for (const line of [...connectorPlanLines(io, sources), ...planLines(io, found)]) io.out(line);
        const summary = connectorPlanSummary(sources);
        if (summary !== null) io.out(summary);
        if (summary === null || hasChanges(found)) io.out(planSummary(found));
        if (found.refusals.length > 0)
          io.out('→ A frozen plan never changes: put it back, and add a new version below `plans`.');
        else if (differs)
          io.out(
            app.config.settings.apply === 'manual'
              ? '→ `outturn apply` puts it in force.'
              : '→ `outturn apply` puts it in force, as does the next process or command that does work, such as `outturn up` or `outturn pull`: settings.apply is automatic.',
          );
      },
      { applies: false },
    ),
  );
}

function only(
  found: ProjectsPlan,
  sources: ConnectorsPlan,
  id: string | undefined,
): { found: ProjectsPlan; sources: ConnectorsPlan } {
  if (id === undefined) return { found, sources };
  const projects = found.projects.filter((project) => project.id === id);
  const connectors = sources.connectors.filter((connector) => connector.id === id);
  if (projects.length === 0 && connectors.length === 0 && !found.managedByApi.includes(id))
    throw unknownName(
      'project or connector',
      id,
      [...found.projects, ...sources.connectors].map((each) => each.id).concat(found.managedByApi),
      'ones',
    );
  return {
    found: {
      projects,
      managedByApi: found.managedByApi.filter((each) => each === id),
      exchangeRates: [],
      refusals: found.refusals.filter((line) => line.startsWith(`project ${id}:`)),
    },
    sources: {
      connectors,
      unreadable: sources.unreadable.filter(({ connector }) => connector === id),
      orphaned: sources.orphaned.filter(({ connector }) => connector === id),
    },
  };
}
