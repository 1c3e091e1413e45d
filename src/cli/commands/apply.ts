import type { Command } from 'commander';
import { OutturnError } from '#kit';
import { jobView } from '#src/main/job-view';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { connectorPlanLines, connectorPlanSummary } from '../connector-plan-words.ts';
import { type Io, printJson } from '../io.ts';
import { plural } from '../job-words.ts';
import { person } from '../person.ts';
import { planLines, planSummary } from '../project-words.ts';

/** `outturn apply`: shows the plan, asks, and puts the connectors and projects of the configuration in force. */
export function apply(program: Command, io: Io): void {
  withCommon(
    program
      .command('apply')
      .description('put the connectors and projects of the configuration in force, after showing what changes')
      .option('--yes', 'without asking')
      .option('--reason <text>', 'why; stands with each version that is written'),
    ['apply', 'apply --yes --reason "rates of 2027"'],
  ).action((options: CommonOptions & { yes?: boolean; reason?: string }) => {
    if (!options.yes && (options.json || io.ask === null))
      throw new OutturnError('usage', 'Nobody can be asked here whether the plan is right.', {
        hint: 'See it by `outturn plan`, then give --yes to carry it out.',
      });
    return withApp(
      io,
      environmentOf(io, options, { logLevel: 'error' }),
      async (app) => {
        const { applyConfiguration, hasChanges, readPlan } = await import('#src/main/projects');
        const { hasConnectorChanges, readConnectorsPlan } = await import('#src/main/connector-definitions');
        const plan = await readPlan(app.ports);
        const sources = await readConnectorsPlan(app.ports);
        const json = options.json === true;
        if (!json) {
          for (const line of [...connectorPlanLines(io, sources), ...planLines(io, plan)]) io.out(line);
          const summary = connectorPlanSummary(sources);
          if (summary !== null) io.out(summary);
          if (summary === null || hasChanges(plan)) io.out(planSummary(plan));
        }
        if (plan.refusals.length === 0) {
          if (!hasChanges(plan) && !hasConnectorChanges(sources)) {
            if (json)
              printJson(io, {
                created: [],
                changed: [],
                retired: [],
                exchangeRates: [],
                connectors: { added: [], changed: [], removed: [], anew: [] },
                jobs: [],
              });
            return;
          }
          if (!options.yes && !/^y(es)?$/i.test(((await io.ask?.('Apply it? [y/N] ')) ?? '').trim()))
            return io.out('Nothing is applied.');
        }
        const reason = options.reason?.trim() || null;
        const { jobs, ...applied } = await applyConfiguration(app.ports, {
          by: person(),
          reason,
          recomputesNew: true,
          expected: plan,
          expectedConnectors: sources,
        });
        if (json) return printJson(io, { ...applied, jobs: jobs.map(jobView) });
        const parts = [
          [applied.created, 'created'],
          [applied.changed, 'changed'],
          [applied.retired, 'retired'],
          [applied.exchangeRates, 'exchange rates of'],
          [applied.connectors.added, 'connectors added:'],
          [applied.connectors.changed, 'connectors changed:'],
          [applied.connectors.removed, 'connectors removed:'],
          [applied.connectors.anew, 'read anew:'],
        ] as const;
        const said = parts.filter(([ids]) => ids.length > 0).map(([ids, what]) => `${what} ${ids.join(', ')}`);
        io.out(`${io.color.green('✓')} applied: ${said.join('; ')}`);
        if (jobs.length > 0)
          io.out(
            `→ ${plural(jobs.length, 'recompute')} queued: a running worker does ${jobs.length === 1 ? 'it' : 'them'}, or \`outturn recompute\` at once.`,
          );
      },
      { applies: false },
    );
  });
}
