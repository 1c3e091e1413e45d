import { type OutboxRow, OutturnError, type QueueName, queueNames, RetryableError } from '#kit';
import type { App } from './app.ts';

export interface WorkRequest {
  kind: string;
  args: Record<string, unknown>;
}
export interface WorkOptions {
  cause: string;
  timeoutMs: number;
  signal?: AbortSignal;
  /** Called again and again with the jobs that were asked for. */
  onProgress?: (jobs: OutboxRow[]) => void;
}
export interface WorkResult {
  /** The jobs that were asked for, in that order. */
  jobs: OutboxRow[];
  /** What followed from them: a pull's recomputes, a digest's messages. */
  followUps: OutboxRow[];
}

const POLL_MS = 50;
const FOLLOW_UP_POLL_MS = 100;
const CONCURRENCY = 2;
/** More jobs than one command can cause. */
const MOST = 10_000;
/** More jobs of one key than are open, or were done, while one command waits. */
const SAME_WORK = 100;
/** Somebody waits: after so many failed attempts they are told; a worker makes the further ones. */
const ATTEMPTS_WAITED_FOR = 2;
/** Longer than the first backoff: what waits so long was put off by its source, perhaps for hours. */
const PUT_OFF_WAITED_MS = 20_000;
const finalStates = new Set(['succeeded', 'failed', 'collapsed', 'cancelled']);

/** Writes the intents in one transaction: all of them, or none. All that follows from them is one trace. */
export function enqueueAll(app: App, requests: readonly WorkRequest[], cause: string): Promise<OutboxRow[]> {
  const enqueue = () =>
    app.store.transaction(async (tx) => {
      const rows: OutboxRow[] = [];
      for (const request of requests) rows.push(await tx.outbox.enqueue({ ...request, cause }));
      return rows;
    });
  const kinds = [...new Set(requests.map(({ kind }) => kind))].join(', ');
  return app.tracing.span(`request ${kinds}`, { attributes: { 'outturn.job.cause': cause } }, enqueue);
}

/** An attempt failed and another is to follow. */
export const isRetrying = (row: OutboxRow): boolean =>
  (row.state === 'published' || row.state === 'pending') && row.attempts > 0 && row.errorCode !== null;

/** `runToEnd`, for who needs only the jobs that were asked for. */
export const runHere = async (app: App, requests: readonly WorkRequest[], options: WorkOptions): Promise<OutboxRow[]> =>
  (await runToEnd(app, requests, options)).jobs;

/**
 * Enqueues the work, runs workers in this process (others may take jobs as well) and waits until these jobs and all that
 * follows from them are done, or have failed twice, or were put off, and wait for a further attempt: that may be hours away, and is left
 * to the workers that stay.
 *
 * What follows waits until each job asked for is done or put off: then five pulls of one project lead to one recompute and
 * one report of it (the queue collapses the rest), not to one after each pull.
 *
 * Errors: `queue/cancelled` (the signal), `queue/timeout`; the jobs stay queued.
 */
export async function runToEnd(app: App, requests: readonly WorkRequest[], options: WorkOptions): Promise<WorkResult> {
  const queue = await app.queue();
  const asked = await enqueueAll(app, requests, options.cause);
  await queue.startRelay();
  await queue.startWorkers({ concurrency: onlyQueuesOf(asked) });
  const deadlineMs = app.ports.clock.nowMs() + options.timeoutMs;

  // The same work, asked for before and put off after a failure, holds its key: it is to be done now.
  const putOff = await samePutOff(app, asked);
  await queue.runNow(putOff);
  const attemptsBefore = new Map(putOff.map((row) => [row.id, row.attempts]));

  const readAsked = async (): Promise<OutboxRow[]> => {
    const rows = (await Promise.all(asked.map((row) => app.store.outbox.get(row.id)))).filter((row) => row !== null);
    const waiting = rows.filter((row) => row.state === 'published' && row.attempts === 0);
    if (putOff.length === 0 || waiting.length === 0) return rows;
    const holders = (await samePutOff(app, waiting)).filter((row) => row.attempts > (attemptsBefore.get(row.id) ?? 0));
    return rows.map((row) => {
      const holder = waiting.includes(row) ? holders.find((each) => isSameWork(each, row)) : undefined;
      // What became of the attempt that was made in its place.
      return holder === undefined
        ? row
        : { ...row, attempts: holder.attempts, errorCode: holder.errorCode, errorMessage: holder.errorMessage };
    });
  };
  const retryingSinceMs = new Map<string, number>();
  /** Ended, or left to the workers that stay. */
  const isOver = (row: OutboxRow): boolean => {
    if (finalStates.has(row.state)) return true;
    const key = `${row.id} ${row.attempts}`;
    if (!isRetrying(row)) {
      retryingSinceMs.delete(key);
      return false;
    }
    const nowMs = app.ports.clock.nowMs();
    const sinceMs = retryingSinceMs.get(key) ?? nowMs;
    retryingSinceMs.set(key, sinceMs);
    return row.attempts >= ATTEMPTS_WAITED_FOR || nowMs - sinceMs > PUT_OFF_WAITED_MS;
  };

  const jobs = await until(readAsked, POLL_MS, async (rows) => {
    options.onProgress?.(rows);
    // One that waits for its next attempt must not keep the others' results back.
    if (rows.every((row) => finalStates.has(row.state) || isRetrying(row)))
      await queue.startWorkers({ concurrency: CONCURRENCY });
  });
  const followUps = await until(() => readFollowUps(app, jobs), FOLLOW_UP_POLL_MS);
  return { jobs, followUps };

  async function until(
    read: () => Promise<OutboxRow[]>,
    pollMs: number,
    onRead?: (rows: OutboxRow[]) => Promise<void>,
  ): Promise<OutboxRow[]> {
    for (;;) {
      if (options.signal?.aborted)
        throw new OutturnError('queue/cancelled', 'Stopped; what is not done stays in the queue.', {
          hint: 'It goes on when a worker runs: `outturn up` or `outturn worker`. `outturn jobs` shows it.',
        });
      const rows = await read();
      await onRead?.(rows);
      // Each is looked at each time: how long it waits is counted from the first look.
      if (rows.filter(isOver).length === rows.length) return rows;
      if (app.ports.clock.nowMs() > deadlineMs)
        throw new RetryableError(
          'queue/timeout',
          `The jobs were not done within ${options.timeoutMs / 1000} s; they go on when a worker runs.`,
          { hint: 'See them by `outturn jobs`; start a worker by `outturn worker` or `outturn up`.' },
        );
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}

/** Everything caused by the jobs, directly or not; what another job did in the place of one of them counts as well. */
export async function readFollowUps(app: App, asked: readonly OutboxRow[]): Promise<OutboxRow[]> {
  const { jobs } = app.store;
  if (asked.length === 0) return [];
  const sinceMs = Math.min(...asked.map((row) => row.createdAtMs));
  const family = new Map(asked.map((row) => [row.id, row]));
  for (let added = [...asked]; added.length > 0; ) {
    const caused = await jobs.descendants(
      added.map((row) => row.id),
      MOST,
    );
    const covering: OutboxRow[] = [];
    for (const row of [...added, ...caused])
      if (row.state === 'collapsed' && row.dedupeKey !== null)
        // A job that covered one of ours may be older, but was not done before ours was asked for.
        for (const other of await jobs.ofKey(row.kind, row.dedupeKey, SAME_WORK))
          if ((other.acknowledgedAtMs ?? Number.POSITIVE_INFINITY) >= sinceMs) covering.push(other);
    added = [...caused, ...covering].filter((row) => !family.has(row.id));
    for (const row of added) family.set(row.id, row);
  }
  for (const row of asked) family.delete(row.id);
  return [...family.values()];
}

const isSameWork = (a: OutboxRow, b: OutboxRow): boolean =>
  a.dedupeKey !== null && a.kind === b.kind && a.dedupeKey === b.dedupeKey;

/** Older jobs of the same work that wait for another attempt. */
async function samePutOff(app: App, asked: readonly OutboxRow[]): Promise<OutboxRow[]> {
  const found = new Map<string, OutboxRow>();
  for (const { id, kind, dedupeKey } of asked)
    if (dedupeKey !== null)
      for (const row of await app.store.jobs.ofKey(kind, dedupeKey, SAME_WORK))
        if (row.id !== id && row.state === 'published' && isRetrying(row)) found.set(row.id, row);
  return [...found.values()];
}

function onlyQueuesOf(rows: readonly OutboxRow[]): Partial<Record<QueueName, number>> {
  const asked = new Set(rows.map((row) => row.queue));
  return Object.fromEntries(queueNames.map((name) => [name, asked.has(name) ? CONCURRENCY : 0]));
}
