import type { Command } from 'commander';
import type { DeadLetterRow, DeadLetterState, Store } from '#kit';
import { deadLetterView } from '#src/main/job-view';
import { type CommonOptions, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { aboutJob, plural, shortIds } from '../job-words.ts';
import { kindNames, withStore } from '../look-up.ts';
import { MATCHES, oneOf } from '../one-of.ts';
import { table } from '../table.ts';
import { age, instantWords, limitOption, sinceOption } from '../times.ts';
import { requireWord } from '../unknown-name.ts';

const states: readonly (DeadLetterState | 'all')[] = [
  'open',
  'replaying',
  'succeeded',
  'cancelled',
  'discarded',
  'all',
];

interface DeadOptions extends CommonOptions {
  state: string;
  kind?: string;
  code?: string;
  since?: string;
  limit: string;
  stack?: boolean;
}

/** `outturn jobs dead [ID]`: jobs that failed for good and want a decision. */
export function deadLetters(group: Command, io: Io): void {
  withCommon(
    group
      .command('dead')
      .argument('[id]', 'one of them with all that is known; the beginning of its id is enough')
      .description('list jobs that failed for good, or show one')
      .option('--state <state>', states.join(', '), 'open')
      .option('--kind <kind>', kindNames.join(', '))
      .option('--code <code>', 'error code, such as source/timeout')
      .option('--since <time>', 'failed since then: 2h, 7d, 2026-11-23')
      .option('--limit <n>', 'at most so many', '50')
      .option('--stack', 'with the stack trace, for a defect report'),
    ['jobs dead', 'jobs dead --kind pull --since 1d', 'jobs dead 0d6f3a21', 'jobs dead --state all --json'],
  ).action(async (id: string | undefined, options: DeadOptions) => {
    const wanted = requireWord('state of failed jobs', options.state, states);
    const kind = options.kind === undefined ? undefined : requireWord('job kind', options.kind, kindNames);
    const limit = limitOption(options.limit);
    const sinceMs = sinceOption(options.since, Date.now());
    const { code } = options;
    await withStore(io, options, async (store) => {
      if (id !== undefined) return show(io, store, await findDeadLetter(store, id), options);
      const state = wanted === 'all' ? undefined : wanted;
      const letters = await store.deadLetters.search({ state, kind, code, sinceMs, limit });
      if (options.json) return printJson(io, letters.map(deadLetterView));
      if (letters.length === 0)
        return io.out(
          wanted === 'open' && !kind && !code && !sinceMs ? 'No failed job wants a decision.' : 'None matches.',
        );
      io.out(await list(io, store, letters));
      if (wanted === 'open')
        io.out(
          '\n→ `outturn jobs replay ID --dry-run` tells what another try would do; `jobs discard ID` gives one up.',
        );
    });
  });
}

export async function findDeadLetter(store: Store, id: string): Promise<DeadLetterRow> {
  const matches = await store.deadLetters.find(id, MATCHES);
  return oneOf({ what: 'failed job', id, list: 'outturn jobs dead --state all' }, matches, (row) =>
    row.id === id ? row.id : row.jobId,
  );
}

async function list(io: Io, store: Store, letters: readonly DeadLetterRow[]): Promise<string> {
  const nowMs = Date.now();
  return table(
    io,
    [
      { head: 'job' },
      { head: 'kind' },
      { head: 'state', optional: 1 },
      { head: 'tries', align: 'right', optional: 2 },
      { head: 'failed', align: 'right' },
      { head: 'about', wraps: true },
      { head: 'cause', wraps: true, optional: 3 },
    ],
    await Promise.all(
      letters.map(async (row) => ({
        cells: [
          row.jobId.slice(0, 8),
          row.kind,
          row.state,
          String(row.attempts),
          `${age(nowMs - row.lastFailedAtMs)} ago`,
          await aboutJob(store, row),
          shortIds(row.cause),
        ],
        note: `${io.color.red(row.errorCode)}: ${row.errorMessage}`,
      })),
    ),
  );
}

async function show(io: Io, store: Store, row: DeadLetterRow, options: DeadOptions): Promise<void> {
  const { ancestors } = await store.jobs.lineage(row.jobId, 1);
  if (options.json)
    return printJson(io, {
      ...deadLetterView(row),
      stack: options.stack || row.errorCode === 'internal' ? row.stack : null,
      ancestors: ancestors.map(({ id, kind, state, cause }) => ({ id, kind, state, cause })),
    });
  const chain = [...ancestors].reverse().map((each) => `${each.kind} ${each.id.slice(0, 8)}`);
  const first = ancestors.at(-1)?.cause ?? row.cause;
  const fields: [string, string | null][] = [
    ['job', row.jobId],
    ['kind', `${row.kind} (arguments of version ${row.version})`],
    ['about', (await aboutJob(store, row)) || null],
    ['state', row.state === 'open' ? io.color.red('open') : row.state],
    ['error', `${io.color.red(row.errorCode)}: ${row.errorMessage}`],
    ['tries', String(row.attempts)],
    ['failed', instantWords(row.lastFailedAtMs)],
    ['first run', row.firstFailedAtMs === row.lastFailedAtMs ? null : instantWords(row.firstFailedAtMs)],
    ['came from', [first, ...chain].map(shortIds).join(' → ')],
    ['arguments', JSON.stringify(row.args)],
    [
      'replayed',
      row.replayedAtMs === null
        ? null
        : `${plural(row.replays, 'time')}, last ${instantWords(row.replayedAtMs)} by ${row.replayedBy}`,
    ],
    [
      'discarded',
      row.discardedAtMs === null
        ? null
        : `${instantWords(row.discardedAtMs)} by ${row.discardedBy}: ${row.discardReason ?? ''}`,
    ],
  ];
  for (const [name, value] of fields) if (value !== null) io.out(`${io.color.dim(name.padEnd(10))} ${value}`);
  if ((options.stack || row.errorCode === 'internal') && row.stack !== null) io.out(`\n${io.color.dim(row.stack)}`);
  const short = row.jobId.slice(0, 8);
  if (row.state === 'open')
    io.out(
      `\n→ \`outturn jobs replay ${short} --dry-run\` tells what another try would do; \`outturn jobs ${short}\` shows each run.`,
    );
}
