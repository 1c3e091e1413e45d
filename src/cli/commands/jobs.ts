import type { Command } from 'commander';
import { type JobState, type OutboxRow, OutturnError, type Store } from '#kit';
import { jobDetailView, jobView } from '#src/main/job-view';
import { isRetrying } from '#src/main/work';
import { type CommonOptions, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { jobDetails } from '../job-details.ts';
import { aboutJob, paintState, shortIds } from '../job-words.ts';
import { findJob, kindNames, withStore } from '../look-up.ts';
import { table } from '../table.ts';
import { age, limitOption, sinceOption } from '../times.ts';
import { requireWord } from '../unknown-name.ts';
import { deadLetters } from './jobs-dead.ts';
import { decisions } from './jobs-decide.ts';

const RETRYING = 'retrying';
const MOST_SEARCHED = 10_000;
const states: readonly JobState[] = [
  'pending',
  'published',
  'running',
  'succeeded',
  'failed',
  'collapsed',
  'cancelled',
];
/** Due for so long and not begun: late. */
const LATE_MS = 2 * 60_000;
const LINEAGE = 200;

interface ListOptions extends CommonOptions {
  state?: string;
  kind?: string;
  since?: string;
  late?: boolean;
  limit: string;
}

/** `outturn jobs [ID]`: what ran, runs and waits, why something failed; and below it what a person decides about jobs. */
export function jobs(program: Command, io: Io): void {
  const command = withCommon(
    program
      .command('jobs')
      .argument('[id]', 'one job with its runs, causes and result; the beginning of its id is enough')
      .description('list jobs, newest first, or show one; cancel, replay or discard some')
      .option('--state <state>', [...states, RETRYING].join(', '))
      .option('--kind <kind>', kindNames.join(', '))
      .option('--since <time>', 'asked for since then: 2h, 7d, 2026-11-23')
      .option('--late', 'only those that should have begun and did not')
      .option('--limit <n>', 'at most so many', '20')
      // So that options after the name of a command below belong to that one.
      .enablePositionalOptions(),
    [
      'jobs',
      'jobs --state failed --since 1d',
      'jobs --late',
      'jobs 0d6f3a21',
      'jobs dead',
      'jobs replay 0d6f3a21 --dry-run',
    ],
  ).action(async (id: string | undefined, options: ListOptions) => {
    const asked =
      options.state === undefined ? undefined : requireWord('job state', options.state, [...states, RETRYING]);
    // What the list calls so is published, and has failed before.
    const state = asked === RETRYING ? 'published' : asked;
    const kind = options.kind === undefined ? undefined : requireWord('job kind', options.kind, kindNames);
    const limit = limitOption(options.limit);
    const sinceMs = sinceOption(options.since, Date.now());
    if (options.late && state !== undefined)
      throw new OutturnError('usage', '--late and --state do not go together: what is late waits.', {
        hint: 'Leave one of them out.',
      });
    const overdueBeforeMs = options.late ? Date.now() - LATE_MS : undefined;
    await withStore(io, options, async (store) => {
      if (id !== undefined) return show(io, store, await findJob(store, id), options.json === true);
      const found = await store.jobs.page({
        state,
        kind,
        sinceMs,
        overdueBeforeMs,
        limit: asked === RETRYING ? MOST_SEARCHED : limit,
      });
      const rows = asked === RETRYING ? found.filter(isRetrying).slice(0, limit) : found;
      if (options.json) return printJson(io, rows.map(jobView));
      if (rows.length > 0) return io.out(await list(io, store, rows));
      if (options.late) return io.out('No job is late.');
      const isFiltered = state !== undefined || kind !== undefined || sinceMs !== undefined;
      io.out(
        isFiltered ? 'No job matches.' : 'There is no job yet. Jobs appear when a schedule fires or by `outturn pull`.',
      );
    });
  });
  deadLetters(command, io);
  decisions(command, io);
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
          paintState(io, row),
          String(row.attempts),
          age(nowMs - row.createdAtMs),
          await aboutJob(store, row),
          shortIds(row.cause),
        ],
        note: row.errorCode === null ? undefined : `${io.color.red(row.errorCode)}: ${row.errorMessage ?? ''}`,
      })),
    ),
  );
}

async function show(io: Io, store: Store, row: OutboxRow, json: boolean): Promise<void> {
  const [runs, lineage] = await Promise.all([store.runs.list(row.id), store.jobs.lineage(row.id, LINEAGE)]);
  const view = jobDetailView(row, runs, lineage);
  if (json) return printJson(io, view);
  const subjects = new Map<string, string>();
  for (const each of [row, ...lineage.ancestors, ...lineage.descendants])
    subjects.set(each.id, await aboutJob(store, each));
  const covering =
    row.state === 'collapsed' ? (row.result as { collapsedInto?: string } | null)?.collapsedInto : undefined;
  for (const line of jobDetails(io, row, view, { subjects, covering })) io.out(line);
}
