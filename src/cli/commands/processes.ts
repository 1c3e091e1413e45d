import { type Command, InvalidArgumentError, Option } from 'commander';
import type { QueueName } from '#kit';
import type { Role } from '#src/main/processes';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { parseConcurrency } from '../concurrency.ts';
import { type Io, printJson } from '../io.ts';

const kinds: { name: string; roles: Role[]; description: string; examples: string[] }[] = [
  {
    name: 'up',
    roles: ['api', 'worker', 'scheduler'],
    description: 'run everything in one process',
    examples: ['up', 'up --port 9000 --concurrency 8', 'up --config /etc/outturn --data /var/lib/outturn'],
  },
  { name: 'api', roles: ['api'], description: 'run the admin HTTP interface alone', examples: ['api --port 8080'] },
  {
    name: 'worker',
    roles: ['worker'],
    description: 'run jobs; start as many on as many hosts as needed',
    examples: ['worker --concurrency 16', 'worker --concurrency pull=8,backfill=2,4', 'worker --drain'],
  },
  {
    name: 'scheduler',
    roles: ['scheduler'],
    description: 'fire schedules; several may run, each slot fires once',
    examples: ['scheduler', 'scheduler --metrics-port 9464'],
  },
];

const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
    return value;
  };

/** `outturn up | api | worker | scheduler`: run until SIGTERM or Ctrl-C, then finish what runs. */
export function processes(program: Command, io: Io): void {
  for (const { name, roles, description, examples } of kinds) {
    const command = withCommon(program.command(name).description(description), examples).option(
      '--grace <seconds>',
      'time for running jobs at shutdown',
      wholeNumber(0, 3_600),
      10,
    );
    if (roles.includes('api'))
      command.option('--port <port>', 'overrides settings.api.port; 0 takes a free one', wholeNumber(0, 65_535));
    if (roles.includes('worker'))
      command.option(
        '--concurrency <jobs>',
        'jobs at once for each queue, such as 8 or pull=8,backfill=2,4 (default: 4, backfill 1)',
        parseConcurrency,
      );
    if (!roles.includes('api'))
      command.addOption(
        new Option('--metrics-port <port>', 'serve /metrics and /healthz there, on 127.0.0.1; 0 takes a free one')
          .env('OUTTURN_METRICS_PORT')
          .argParser(wholeNumber(0, 65_535)),
      );
    if (name === 'worker') command.option('--drain', 'end once nothing is due and nothing runs');
    command.action(
      async (
        options: CommonOptions & {
          grace: number;
          port?: number;
          metricsPort?: number;
          concurrency?: Record<QueueName, number>;
          drain?: boolean;
        },
      ) => {
        const environment = environmentOf(io, options, { logLevel: 'info', stays: true });
        const { runProcesses } = await import('#src/main/processes');
        await runProcesses(environment, {
          roles,
          port: options.port,
          metricsPort: options.metricsPort,
          concurrency: options.concurrency ?? parseConcurrency('4'),
          drain: options.drain,
          graceMs: options.grace * 1_000,
          signal: io.signal,
          onReady: (facts) => {
            if (options.json) return printJson(io, facts);
            io.err(
              `${io.color.green('ready')} ${facts.roles.join(' + ')} · ${facts.database} · queue in ${facts.queueLabel}`,
            );
            if (facts.apiUrl !== null)
              io.err(
                `  API      ${facts.apiUrl}\n  token    ${facts.tokenFile ?? 'as settings.api.token says'}\n  metrics  ${facts.apiUrl}/metrics`,
              );
            if (facts.metricsUrl !== null) io.err(`  metrics  ${facts.metricsUrl}`);
            io.err('  Ctrl-C stops it');
          },
          onStopping: () => {
            if (!options.json) io.err(`stopping: running jobs get ${options.grace} s; Ctrl-C again leaves at once`);
          },
        });
        if (!options.json) io.err('stopped');
      },
    );
  }
}
