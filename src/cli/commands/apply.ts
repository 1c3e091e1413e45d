import type { Command } from 'commander';
import { OutturnError } from '#kit';
import { jobView } from '#src/main/job-view';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { plural } from '../job-words.ts';
import { person } from '../person.ts';
import { planLines, planSummary } from '../project-words.ts';

/** `outturn apply`: shows the plan, asks, and puts the projects of the configuration in force. */
export function apply(program: Command, io: Io): void {
  withCommon(
    program
      .command('apply')
      .description('put the projects of the configuration in force, after showing what changes')
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
        const plan = await readPlan(app.ports);
        const json = options.json === true;
        if (!json) {
          for (const line of planLines(io, plan)) io.out(line);
          io.out(planSummary(plan));
        }
        if (plan.refusals.length === 0) {
          if (!hasChanges(plan)) {
            if (json) printJson(io, { created: [], changed: [], retired: [], exchangeRates: [], jobs: [] });
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
        });
        if (json) return printJson(io, { ...applied, jobs: jobs.map(jobView) });
        const parts = [
          [applied.created, 'created'],
          [applied.changed, 'changed'],
          [applied.retired, 'retired'],
          [applied.exchangeRates, 'exchange rates of'],
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
