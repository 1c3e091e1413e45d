import type { Command } from 'commander';
import { type JobState, type OutboxRow, OutturnError, type Store } from '#kit';
import { requireDataDirectory } from '#src/main/environment';
import { jobView } from '#src/main/job-view';
import { jobKinds } from '#src/main/registry';
import { isRetrying } from '#src/main/work';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { outcome, shortIds, subject } from '../job-words.ts';
import { table } from '../table.ts';
import { requireWord } from '../unknown-name.ts';

const states: readonly JobState[] = [
  'pending',
  'published',
  'running',
  'succeeded',
  'failed',
  'collapsed',
  'cancelled',
];
/** Among so many of the newest a job is found by the beginning of its id. */
const SEARCHED = 1_000;

/** `outturn jobs [ID]`: what ran, runs and waits, and why something failed. */
export function jobs(program: Command, io: Io): void {
  const kinds = jobKinds.map((job) => job.kind);
  withCommon(
    program
      .command('jobs')
      .argument('[id]', 'one job with its arguments, result and error; the beginning of its id is enough')
      .description('list jobs, newest first, or show one')
      .option('--state <state>', states.join(', '))
      .option('--kind <kind>', kinds.join(', '))
      .option('--limit <n>', 'at most so many', '20'),
    ['jobs', 'jobs --state failed', 'jobs --kind pull --limit 100', 'jobs 0d6f3a21 --json'],
  ).action(
    async (id: string | undefined, options: CommonOptions & { state?: string; kind?: string; limit: string }) => {
      const state = options.state === undefined ? undefined : requireWord('job state', options.state, states);
      const kind = options.kind === undefined ? undefined : requireWord('job kind', options.kind, kinds);
      const limit = Number(options.limit);
      if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
        throw new OutturnError('usage', `--limit takes a whole number from 1 to 10000, not "${options.limit}".`);
      const environment = environmentOf(io, options);
      await requireDataDirectory(environment);
      const { openDatabase } = await import('#src/main/app');
      const database = await openDatabase(environment);
      const { store } = database;
      try {
        if (id !== undefined) return await show(io, store, await find(store, id), options.json === true);
        const rows = await store.outbox.list({ state, kind, limit });
        if (options.json) return printJson(io, rows.map(jobView));
        if (rows.length > 0) return io.out(await list(io, store, rows));
        io.out(
          state === undefined && kind === undefined
            ? 'There is no job yet. Jobs appear when a schedule fires or by `outturn pull`.'
            : 'No job matches.',
        );
      } finally {
        await database.close();
      }
    },
  );
}

async function find(store: Store, id: string): Promise<OutboxRow> {
  const exact = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? await store.outbox.get(id) : null;
  if (exact !== null) return exact;
  const matches = (await store.outbox.list({ limit: SEARCHED })).filter((row) => row.id.startsWith(id.toLowerCase()));
  const [row] = matches;
  if (row === undefined || id === '')
    throw new OutturnError('not-found', `There is no job "${id}".`, { hint: '`outturn jobs` lists them.' });
  if (matches.length > 1)
    throw new OutturnError('usage', `${matches.length} jobs begin with "${id}".`, {
      hint: `Give more of the id: ${matches
        .slice(0, 3)
        .map((each) => each.id)
        .join(', ')}${matches.length > 3 ? ' …' : ''}`,
    });
  return row;
}

async function list(io: Io, store: Store, rows: readonly OutboxRow[]): Promise<string> {
  const nowMs = Date.now();
  return table(
    io,
    [
      { head: 'job' },
      { head: 'kind' },
      { head: 'state' },
      { head: 'tries', align: 'right', optional: 2 },
      { head: 'age', align: 'right' },
      { head: 'about', wraps: true },
      { head: 'cause', wraps: true, optional: 1 },
    ],
    await Promise.all(
      rows.map(async (row) => ({
        cells: [
          row.id.slice(0, 8),
          row.kind,
          paint(io, row),
          String(row.attempts),
          age(nowMs - row.createdAtMs),
          await about(store, row),
          shortIds(row.cause),
        ],
        note: row.errorCode === null ? undefined : `${io.color.red(row.errorCode)}: ${row.errorMessage ?? ''}`,
      })),
    ),
  );
}

async function show(io: Io, store: Store, row: OutboxRow, json: boolean): Promise<void> {
  const view = jobView(row);
  if (json) return printJson(io, view);
  const ended = row.state === 'succeeded' || row.state === 'collapsed';
  const lines: [string, string | null][] = [
    ['job', view.id],
    ['kind', view.kind],
    ['about', (await about(store, row)) || null],
    ['state', paint(io, row)],
    ['error', view.error === null ? null : `${io.color.red(view.error.code)}: ${view.error.message}`],
    ['outcome', ended ? outcome(view) : null],
    ['progress', view.progress === null || ended ? null : `${view.progress.done} of ${view.progress.total}`],
    ['tries', String(view.attempts)],
    ['arguments', JSON.stringify(view.args)],
    ['cause', view.cause],
    ['parent', view.parentId],
    ['created', view.createdAt],
    ['started', view.startedAt],
    ['finished', view.finishedAt],
    ['result', view.result === null ? null : JSON.stringify(view.result)],
  ];
  for (const [name, value] of lines) if (value !== null) io.out(`${io.color.dim(name.padEnd(10))} ${value}`);
  const next = advice(row);
  if (next !== null) io.out(`\n→ ${next}`);
}

/** A message's job knows only its delivery's id: people want to know to whom it goes. */
async function about(store: Store, row: OutboxRow): Promise<string> {
  const { deliveryId } = (row.args ?? {}) as { deliveryId?: unknown };
  const delivery = typeof deliveryId === 'string' ? await store.deliveries.get(deliveryId) : null;
  return delivery === null ? subject(row) : `${delivery.channel} to ${delivery.address}`;
}

function advice(row: OutboxRow): string | null {
  if (isRetrying(row)) return 'It is tried again while a worker runs: `outturn up` or `outturn worker`.';
  if (row.state !== 'failed') return null;
  const { connector, stream } = (row.args ?? {}) as Record<string, unknown>;
  if (row.kind === 'pull')
    return `\`outturn check ${connector}\` tries the source; \`outturn pull ${connector}.${stream}\` pulls again.`;
  return 'It is not tried again by itself. `outturn doctor` looks at what it rests on.';
}

/** `12s`, `5m`, `3h`, `2d`. */
function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 100) return `${seconds}s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)}h` : `${Math.round(seconds / 86_400)}d`;
}

function paint(io: Io, row: OutboxRow): string {
  if (isRetrying(row)) return io.color.yellow('retrying');
  if (row.state === 'failed') return io.color.red(row.state);
  if (row.state === 'succeeded') return io.color.green(row.state);
  return row.state === 'running' ? io.color.cyan(row.state) : row.state;
}
