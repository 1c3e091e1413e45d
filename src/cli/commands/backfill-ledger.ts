import type { Command } from 'commander';
import type { BackfillChunkRow, BackfillRow, BackfillState, Store } from '#kit';
import { backfillChunkView, backfillView } from '#src/main/backfill-view';
import { broughtWords, paceWords, paintBackfill, printBackfill, shortId, windowWords } from '../backfill-words.ts';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { follow } from '../follow-backfills.ts';
import { type Io, printJson } from '../io.ts';
import { shortIds } from '../job-words.ts';
import { withStore } from '../look-up.ts';
import { MATCHES, oneOf } from '../one-of.ts';
import { table } from '../table.ts';
import { age, instantWords, limitOption } from '../times.ts';
import { requireWord } from '../unknown-name.ts';
import { windowInstant } from '../window-options.ts';

const states: readonly BackfillState[] = ['running', 'done', 'failed', 'cancelled'];
const ID = 'the beginning of its id is enough';

/** `outturn backfill list|show|cancel|resume`. */
export function backfillLedger(group: Command, io: Io): void {
  list(group, io);
  show(group, io);
  cancel(group, io);
  resume(group, io);
}

async function find(store: Store, id: string): Promise<BackfillRow> {
  return oneOf(
    { what: 'backfill', id, list: 'outturn backfill list' },
    await store.backfills.find(id, MATCHES),
    ({ id }) => id,
  );
}

function list(group: Command, io: Io): void {
  withCommon(
    group
      .command('list')
      .description('backfills, newest first')
      .option('--state <state>', states.join(', '))
      .option('--limit <n>', 'at most so many', '20'),
    ['backfill list', 'backfill list --state running', 'backfill list --json'],
  ).action(async (options: CommonOptions & { state?: string; limit: string }) => {
    const state = options.state === undefined ? undefined : requireWord('state', options.state, states);
    const limit = limitOption(options.limit);
    await withStore(io, options, async (store) => {
      const rows = await store.backfills.list({ state, limit });
      const nowMs = Date.now();
      if (options.json) return printJson(io, { backfills: rows.map((row) => backfillView(row, nowMs)) });
      if (rows.length === 0)
        return io.out(
          state === undefined
            ? 'There is no backfill yet. `outturn backfill --help` tells how to start one.'
            : `No backfill is ${state}.`,
        );
      io.out(
        table(
          io,
          [
            { head: 'backfill' },
            { head: 'stream', wraps: true },
            { head: 'window', wraps: true },
            { head: 'state' },
            { head: 'chunks', align: 'right' },
            { head: 'rows', align: 'right', optional: 2 },
            { head: 'age', align: 'right', optional: 1 },
          ],
          rows.map((row) => ({
            cells: [
              shortId(row),
              `${row.connector}.${row.stream}`,
              windowWords(row),
              paintBackfill(io, row.state),
              `${row.chunks.done}/${row.chunks.total}`,
              row.rows.toLocaleString('en-GB'),
              age(nowMs - row.createdAtMs),
            ],
            note: trouble(io, row),
          })),
        ),
      );
    });
  });
}

function trouble(io: Io, { state, current }: BackfillRow): string | undefined {
  if (current === null || current.errorCode === null || state === 'cancelled') return undefined;
  const again = state === 'running' ? ' (it is tried again)' : '';
  return `chunk ${current.seq}: ${io.color.red(current.errorCode)}: ${current.errorMessage ?? ''}${again}`;
}

function show(group: Command, io: Io): void {
  withCommon(group.command('show').argument('<id>', ID).description('one backfill with its chunks'), [
    'backfill show 0d6f3a21',
    'backfill show 0d6f3a21 --json',
  ]).action(async (id: string, options: CommonOptions) => {
    await withStore(io, options, async (store) => {
      const row = await find(store, id);
      const chunks = await store.backfills.chunks(row.id);
      const view = backfillView(row, Date.now());
      if (options.json) return printJson(io, { ...view, chunks: chunks.map(backfillChunkView) });
      const lines: [string, string | null][] = [
        ['backfill', row.id],
        ['stream', `${row.connector}.${row.stream}`],
        ['window', `${windowWords(row)} in chunks of ${view.chunk}`],
        ['state', paintBackfill(io, row.state)],
        ['brought', broughtWords(view)],
        ['pace', row.state === 'running' ? paceWords(view) : null],
        ['cause', shortIds(row.cause)],
        ['created', instantWords(row.createdAtMs)],
        ['ended', row.endedAtMs === null ? null : instantWords(row.endedAtMs)],
      ];
      for (const [name, value] of lines) if (value !== null) io.out(`${io.color.dim(name.padEnd(9))} ${value}`);
      io.out('');
      io.out(chunkTable(io, row, chunks));
      if (row.state === 'failed' || row.state === 'cancelled')
        io.out(`\n→ \`outturn backfill resume ${shortId(row)}\` goes on from there.`);
    });
  });
}

function chunkTable(io: Io, row: BackfillRow, chunks: readonly BackfillChunkRow[]): string {
  const number = (count: number): string => count.toLocaleString('en-GB');
  return table(
    io,
    [
      { head: 'chunk', align: 'right' },
      { head: 'from' },
      { head: 'to' },
      { head: 'state' },
      { head: 'rows', align: 'right' },
      { head: 'new', align: 'right' },
      { head: 'corrected', align: 'right', optional: 2 },
      { head: 'took', align: 'right', optional: 1 },
      { head: 'job' },
    ],
    chunks.map((chunk) => {
      const isDone = chunk.state === 'done';
      const tookMs = isDone && chunk.startedAtMs !== null ? (chunk.finishedAtMs ?? 0) - chunk.startedAtMs : null;
      return {
        cells: [
          String(chunk.seq),
          windowInstant(chunk.fromMs),
          windowInstant(chunk.toMs),
          chunk.state === 'queued' && row.current !== null ? jobWords(row.current.jobState) : chunk.state,
          isDone ? number(chunk.rows) : null,
          isDone ? number(chunk.inserted) : null,
          isDone ? number(chunk.revisions) : null,
          tookMs === null ? null : age(tookMs),
          chunk.jobId?.slice(0, 8) ?? null,
        ],
        note: row.current?.seq === chunk.seq ? trouble(io, row) : undefined,
      };
    }),
  );
}

const jobWords = (state: string): string => (state === 'running' ? 'running' : 'queued');

function cancel(group: Command, io: Io): void {
  withCommon(
    group.command('cancel').argument('<id>', ID).description('stop a backfill at once, a running chunk included'),
    ['backfill cancel 0d6f3a21'],
  ).action(async (id: string, options: CommonOptions) => {
    await withStore(io, options, async (store) => {
      const { id: found } = await find(store, id);
      const isCancelled = await store.backfills.cancel(found);
      const row = await find(store, found);
      io.setExitCode(isCancelled ? 0 : 1);
      if (options.json)
        return printJson(io, {
          outcome: isCancelled ? 'cancelled' : 'had-ended',
          backfill: backfillView(row, Date.now()),
        });
      if (!isCancelled) return io.out(`${io.color.yellow('–')} It had ended before: ${row.state}.`);
      printBackfill(io, row);
      io.out(`→ What was stored stays. \`outturn backfill resume ${shortId(row)}\` goes on from there.`);
    });
  });
}

function resume(group: Command, io: Io): void {
  withCommon(
    group
      .command('resume')
      .argument('<id>', ID)
      .description('go on with a backfill that failed or was cancelled, or follow one that runs')
      .option('--detach', 'only start it, for a running worker'),
    ['backfill resume 0d6f3a21', 'backfill resume 0d6f3a21 --detach'],
  ).action(async (id: string, options: CommonOptions & { detach?: boolean }) => {
    const json = options.json === true;
    await withApp(
      io,
      environmentOf(io, options, { logLevel: 'error' }),
      async (app) => {
        const { id: found } = await find(app.store, id);
        const isResumed = await app.store.backfills.resume(found, 'cli');
        const row = await find(app.store, found);
        if (!isResumed && row.state === 'done' && !json) return io.out(`${io.color.green('✓')} It is done already.`);
        if (row.state === 'running' && !options.detach) return await follow(app, io, [row], json);
        if (json) return printJson(io, { backfills: [backfillView(row, Date.now())] });
        printBackfill(io, row);
        io.out('→ It goes on where a worker runs: `outturn up` or `outturn worker`.');
      },
      { reads: true, applies: true },
    );
  });
}
