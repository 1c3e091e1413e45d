import type { Command } from 'commander';
import { type JobState, type OutboxRow, OutturnError } from '#kit';
import { openDatabase } from '#src/main/app';
import { jobView } from '#src/main/job-view';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { type Io, printJson, table } from '../io.ts';

const states: readonly JobState[] = [
  'pending',
  'published',
  'running',
  'succeeded',
  'failed',
  'collapsed',
  'cancelled',
];

/** `outturn jobs [ID]`: what ran, runs and waits, and why something failed. */
export function jobs(program: Command, io: Io): void {
  withCommon(
    program
      .command('jobs')
      .argument('[id]', 'one job with its arguments, result and error')
      .description('list jobs, newest first, or show one')
      .option('--state <state>', states.join(', '))
      .option('--kind <kind>', 'pull, recompute-roi, build-report, send-digest or deliver-message')
      .option('--limit <n>', 'at most so many', '20'),
    ['jobs', 'jobs --state failed', 'jobs 0d6f… --json'],
  ).action(
    async (id: string | undefined, options: CommonOptions & { state?: string; kind?: string; limit: string }) => {
      const state = states.find((known) => known === options.state);
      const limit = Number(options.limit);
      if (options.state !== undefined && state === undefined)
        throw new OutturnError('usage', `There is no job state "${options.state}".`, {
          hint: `States: ${states.join(', ')}.`,
        });
      if (!Number.isInteger(limit) || limit < 1)
        throw new OutturnError('usage', `--limit takes a whole number from 1, not "${options.limit}".`);
      const database = await openDatabase(environmentOf(io, options));
      try {
        if (id !== undefined) return show(io, await find(id), options.json === true);
        const rows = await database.store.outbox.list({ state, kind: options.kind, limit });
        if (options.json) return printJson(io, rows.map(jobView));
        if (rows.length === 0) return io.out('No job matches. Jobs appear when a schedule fires or by `outturn pull`.');
        io.out(
          table(
            io,
            ['job', 'kind', 'state', 'tries', 'created', 'cause', 'about'],
            rows.map((row) => [
              row.id.slice(0, 8),
              row.kind,
              paint(io, row.state),
              String(row.attempts),
              when(row.createdAtMs),
              row.cause,
              row.errorMessage ?? about(row),
            ]),
            ['left', 'left', 'left', 'right'],
          ),
        );
      } finally {
        await database.close();
      }

      async function find(prefix: string): Promise<OutboxRow> {
        const exact = /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(prefix) ? await database.store.outbox.get(prefix) : null;
        const row =
          exact ?? (await database.store.outbox.list({ limit: 1_000 })).find((each) => each.id.startsWith(prefix));
        if (row === undefined)
          throw new OutturnError('not-found', `There is no job ${prefix}.`, { hint: '`outturn jobs` lists them.' });
        return row;
      }
    },
  );
}

function show(io: Io, row: OutboxRow, json: boolean): void {
  const view = jobView(row);
  if (json) return printJson(io, view);
  const lines: [string, string | null][] = [
    ['job', view.id],
    ['kind', view.kind],
    ['state', paint(io, view.state)],
    ['arguments', JSON.stringify(view.args)],
    ['cause', view.cause],
    ['tries', String(view.attempts)],
    ['created', view.createdAt],
    ['started', view.startedAt],
    ['finished', view.finishedAt],
    ['result', view.result === null ? null : JSON.stringify(view.result)],
    ['error', view.error === null ? null : `${view.error.code}: ${view.error.message}`],
  ];
  for (const [name, value] of lines) if (value !== null) io.out(`${io.color.dim(name.padEnd(10))} ${value}`);
}

const when = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

const about = (row: OutboxRow): string =>
  Object.values((row.args ?? {}) as Record<string, unknown>)
    .filter((value) => typeof value === 'string' && !/^[0-9a-f]{8}-/.test(value))
    .join(' ');

function paint(io: Io, state: JobState): string {
  if (state === 'failed') return io.color.red(state);
  if (state === 'succeeded') return io.color.green(state);
  return state === 'running' ? io.color.cyan(state) : state;
}
