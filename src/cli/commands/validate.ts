import type { Command } from 'commander';
import { type ConfigProblem, readConfig } from '#src/main/configuration';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { problemText } from '../problem-text.ts';

/** All of one severity, also those that are only counted. */
const count = (problems: readonly ConfigProblem[], severity: ConfigProblem['severity']): number =>
  problems.reduce((sum, problem) => (problem.severity === severity ? sum + (problem.standsFor ?? 1) : sum), 0);

/** `outturn validate`: every problem of the configuration at once, without touching anything. */
export function validate(program: Command, io: Io): void {
  withCommon(
    program
      .command('validate')
      .description('check the configuration; no network, every problem at once')
      .option(
        '--no-env',
        'variables and files that are referred to and not there count as there: for CI without secrets',
      ),
    ['validate', 'validate --config /etc/outturn --json', 'validate --no-env'],
  ).action(async (options: CommonOptions & { env: boolean }) => {
    const environment = environmentOf(io, options);
    const { config, problems, secretUses } = await readConfig(environment, options.env ? {} : { missing: 'counts' });
    const secrets = [...new Set(secretUses.map(({ name }) => name))];
    const errors = count(problems, 'error');
    const warnings = count(problems, 'warning');
    const counts = config && {
      connectors: config.connectors.length,
      streams: config.connectors.reduce((sum, connector) => sum + connector.streams.length, 0),
      projects: config.projects.length,
      subscriptions: config.subscriptions.length,
      schedules: config.schedules.length,
    };
    io.setExitCode(errors === 0 ? 0 : 1);
    if (options.json) return printJson(io, { ok: errors === 0, problems, counts, secretsNotLookedUp: secrets });
    for (const problem of problems) io.out(problemText(io, problem));
    if (errors > 0)
      io.out(
        `\n${io.color.red(`${errors.toLocaleString('en')} error${errors === 1 ? '' : 's'}`)}${warnings > 0 ? `, ${warnings.toLocaleString('en')} warning${warnings === 1 ? '' : 's'}` : ''}`,
      );
    else if (counts)
      io.out(
        `${io.color.green('valid')}: ${Object.entries(counts)
          .map(([what, n]) => `${n} ${n === 1 ? what.slice(0, -1) : what}`)
          .join(', ')}${warnings > 0 ? `; ${warnings} warning${warnings === 1 ? '' : 's'}` : ''}`,
      );
    if (secrets.length > 0)
      io.out(
        `${secrets.length} secret${secrets.length === 1 ? ' was' : 's were'} not looked up; \`outturn secret list\` shows which are set`,
      );
  });
}
