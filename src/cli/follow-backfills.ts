import { SingleBar } from 'cli-progress';
import type { BackfillRow } from '#kit';
import type { App } from '#src/main/app';
import { backfillView } from '#src/main/backfill-view';
import { followBackfills } from '#src/main/backfill-work';
import { jobView } from '#src/main/job-view';
import { paceWords, printBackfill, shortId, windowWords } from './backfill-words.ts';
import { type Io, printJson } from './io.ts';
import { failure, plural, subject } from './job-words.ts';

/** The backfills that were only started, or that go on elsewhere. */
export function printDetached(io: Io, rows: readonly BackfillRow[], json: boolean): void {
  if (json) return printJson(io, { backfills: rows.map((row) => backfillView(row, Date.now())) });
  for (const row of rows) printBackfill(io, row);
  io.out('→ It goes on where a worker runs: `outturn up` or `outturn worker`. `outturn backfill list` shows it.');
}

/** Works on them here until they end; Ctrl-C leaves them to the workers that run elsewhere. */
export async function follow(app: App, io: Io, started: readonly BackfillRow[], json: boolean): Promise<void> {
  if (!json)
    for (const row of started)
      io.err(
        `${io.color.bold(`${row.connector}.${row.stream}`)} ${windowWords(row)}, ${plural(row.chunks.total, 'chunk')}: backfill ${shortId(row)}${io.interactive ? io.color.dim(' (Ctrl-C detaches)') : ''}`,
      );
  const bar = io.interactive && !json ? progressBar() : null;
  const total = started.reduce((sum, row) => sum + row.chunks.total, 0);
  bar?.start(total, 0, { note: '' });
  const tellWaits = waitTeller((line) => io.err(`${bar === null ? '' : ERASED_LINE}${line}`));
  const { backfills, followUps, isDetached } = await followBackfills(
    app,
    started.map(({ id }) => id),
    {
      signal: io.signal,
      onProgress: (rows) => {
        tellWaits(rows);
        const running = rows.find((row) => row.state === 'running');
        const note = running === undefined ? '' : `, ${paceWords(backfillView(running, Date.now()))}`;
        bar?.update(
          rows.reduce((sum, row) => sum + row.chunks.done, 0),
          { note },
        );
      },
    },
  ).finally(() => bar?.stop());
  if (isDetached) return printDetached(io, backfills, json);
  const undone = followUps.filter(({ state }) => state !== 'succeeded' && state !== 'collapsed');
  io.setExitCode(backfills.every(({ state }) => state === 'done') && undone.length === 0 ? 0 : 1);
  if (json)
    return printJson(io, {
      backfills: backfills.map((row) => backfillView(row, Date.now())),
      failedFollowUps: undone.map(jobView),
    });
  for (const row of backfills) printBackfill(io, row);
  for (const row of undone) {
    const job = jobView(row);
    io.out(`${io.color.red('✗')} then ${job.kind} ${subject(job)} ${io.color.dim(shortId(row))} ${failure(io, job)}`);
  }
}

/** The bar stands where the next line is to go; it draws itself anew below. */
const ERASED_LINE = '\r\u001b[K';

/** Says once of each attempt that failed, or that the source put off, why its chunk waits: it may do so for hours. */
function waitTeller(tell: (line: string) => void): (rows: readonly BackfillRow[]) => void {
  const told = new Set<string>();
  return (rows) => {
    for (const { id, connector, stream, state, chunks, current } of rows) {
      if (state !== 'running' || current === null || current.errorCode === null) continue;
      if (current.jobState !== 'pending' && current.jobState !== 'published') continue;
      const reason = `${current.errorCode}: ${current.errorMessage ?? ''}`;
      const key = `${id} ${current.seq} ${current.attempts} ${reason}`;
      if (told.has(key)) continue;
      tell(`${connector}.${stream}: chunk ${current.seq} of ${chunks.total} waits: ${reason}`);
      if (told.size === 0) tell('→ It goes on by itself; Ctrl-C leaves it to the workers that run elsewhere.');
      told.add(key);
    }
  };
}

const progressBar = (): SingleBar =>
  new SingleBar({
    format: 'backfill {bar} {value}/{total} chunks{note}',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
