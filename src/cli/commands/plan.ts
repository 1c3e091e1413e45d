import type { Command } from 'commander';
import type { ProjectsPlan } from '#src/main/projects';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { planLines, planSummary } from '../project-words.ts';
import { unknownName } from '../unknown-name.ts';

/** `outturn plan`: what applying the configuration would change, in words; nothing is written. */
export function plan(program: Command, io: Io): void {
  withCommon(
    program
      .command('plan')
      .argument('[project]', 'one project; all when absent')
      .description('show what the configuration would change of the projects in force')
      .option('--exit-code', 'end with status 2 where something would change, 1 where it cannot be applied'),
    ['plan', 'plan checkout-rewrite', '$ outturn plan --exit-code > /dev/null || echo "not applied yet"'],
  ).action((id: string | undefined, options: CommonOptions & { exitCode?: boolean }) =>
    withApp(
      io,
      environmentOf(io, options, { logLevel: 'error' }),
      async (app) => {
        const { hasChanges, readPlan } = await import('#src/main/projects');
        const found = only(await readPlan(app.ports), id);
        const differs = hasChanges(found);
        io.setExitCode(found.refusals.length > 0 ? 1 : options.exitCode && differs ? 2 : 0);
        if (options.json) return printJson(io, { changes: differs, applies: app.config.settings.apply, ...found });
        for (const line of planLines(io, found)) io.out(line);
        io.out(planSummary(found));
        if (found.refusals.length > 0)
          io.out('→ A frozen plan never changes: put it back, and add a new version below `plans`.');
        else if (differs)
          io.out(
            app.config.settings.apply === 'manual'
              ? '→ `outturn apply` puts it in force.'
              : '→ `outturn apply` puts it in force, as does every other command: settings.apply is automatic.',
          );
      },
      { applies: false },
    ),
  );
}

function only(found: ProjectsPlan, id: string | undefined): ProjectsPlan {
  if (id === undefined) return found;
  const projects = found.projects.filter((project) => project.id === id);
  if (projects.length === 0 && !found.managedByApi.includes(id))
    throw unknownName('project', id, [...found.projects.map((project) => project.id), ...found.managedByApi]);
  return {
    projects,
    managedByApi: found.managedByApi.filter((each) => each === id),
    exchangeRates: [],
    refusals: found.refusals.filter((line) => line.startsWith(`project ${id}:`)),
  };
}
