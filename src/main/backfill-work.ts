import { type BackfillRow, type OutboxRow, type QueueName, queueNames } from '#kit';
import type { App } from './app.ts';
import { isRetrying, readFollowUps } from './work.ts';

export interface FollowOptions {
  signal: AbortSignal;
  /** Called again and again with all of them. */
  onProgress(rows: readonly BackfillRow[]): void;
}
export interface FollowResult {
  backfills: BackfillRow[];
  /** The recomputes at their ends and what followed from those. */
  followUps: OutboxRow[];
  /** The signal came first: what is left goes on where a worker runs. */
  isDetached: boolean;
}

const POLL_MS = 200;
/** Waits for a follow-up that fails as long as `outturn pull` does. */
const ATTEMPTS_WAITED_FOR = 2;
const CONCURRENCY = 2;
const finalStates = new Set(['succeeded', 'failed', 'collapsed', 'cancelled']);

/**
 * Runs a worker for backfills in this process (others may take chunks as well) until all of them have ended, then what follows
 * from them. Throws only what the store and the queue throw: how each ended is in the rows.
 */
export async function followBackfills(
  app: App,
  ids: readonly string[],
  { signal, onProgress }: FollowOptions,
): Promise<FollowResult> {
  const queue = await app.queue();
  await queue.startRelay();
  await queue.startWorkers({ concurrency: only('backfill') });
  const read = async (): Promise<BackfillRow[]> =>
    (await Promise.all(ids.map((id) => app.store.backfills.get(id)))).filter((row) => row !== null);
  let backfills = await read();
  for (; ; backfills = await read()) {
    onProgress(backfills);
    if (backfills.every(({ state }) => state !== 'running')) break;
    if (signal.aborted) return { backfills, followUps: [], isDetached: true };
    await pause(signal);
  }
  await queue.startWorkers({ concurrency: CONCURRENCY });
  const roots = await endingJobs(app, ids);
  for (;;) {
    const followUps = await readFollowUps(app, roots);
    if (
      followUps.every((row) => finalStates.has(row.state) || (isRetrying(row) && row.attempts >= ATTEMPTS_WAITED_FOR))
    )
      return { backfills, followUps, isDetached: false };
    if (signal.aborted) return { backfills, followUps, isDetached: true };
    await pause(signal);
  }
}

/** The jobs that ended the backfills: the recomputes are theirs. */
async function endingJobs(app: App, ids: readonly string[]): Promise<OutboxRow[]> {
  const rows = await Promise.all(
    ids.map(async (id) => {
      const last = (await app.store.backfills.chunks(id)).findLast(({ state }) => state !== 'waiting');
      return last?.jobId == null ? null : await app.store.outbox.get(last.jobId);
    }),
  );
  return rows.filter((row) => row !== null);
}

const only = (queue: QueueName): Partial<Record<QueueName, number>> =>
  Object.fromEntries(queueNames.map((name) => [name, name === queue ? 1 : 0]));

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, POLL_MS);
    signal.addEventListener('abort', done, { once: true });
  });
