import { type OutboxRow, OutturnError, type QueueName, queueNames, RetryableError } from '#kit';
import type { App } from './app.ts';

export interface WorkRequest {
  kind: string;
  args: Record<string, unknown>;
}

const POLL_MS = 50;
const CONCURRENCY = 2;
const finalStates = new Set(['succeeded', 'failed', 'collapsed', 'cancelled']);

/** Writes the intents in one transaction: all of them, or none. */
export function enqueueAll(app: App, requests: readonly WorkRequest[], cause: string): Promise<OutboxRow[]> {
  return app.store.transaction(async (tx) => {
    const rows: OutboxRow[] = [];
    for (const request of requests) rows.push(await tx.outbox.enqueue({ ...request, cause }));
    return rows;
  });
}

/**
 * Enqueues the work, runs workers in this process (others may take jobs as well) and waits until these jobs and all that
 * follows from them are done. The jobs come back in their final state, in the order asked.
 *
 * What follows waits until each job asked for is done or put off: then five pulls of one project lead to one recompute and
 * one report of it (the queue collapses the rest), not to one after each pull.
 */
export async function runHere(
  app: App,
  requests: readonly WorkRequest[],
  options: { cause: string; timeoutMs: number; signal?: AbortSignal; onProgress?: (jobs: OutboxRow[]) => void },
): Promise<OutboxRow[]> {
  const queue = await app.queue();
  const enqueued = await enqueueAll(app, requests, options.cause);
  await queue.startRelay();
  await queue.startWorkers({ concurrency: onlyQueuesOf(enqueued) });
  const deadlineMs = app.ports.clock.nowMs() + options.timeoutMs;
  const signal = options.signal ?? new AbortController().signal;
  const read = async (): Promise<OutboxRow[]> =>
    (await Promise.all(enqueued.map((row) => app.store.outbox.get(row.id)))).filter((row) => row !== null);
  for (;;) {
    if (signal.aborted)
      throw new OutturnError(
        'queue/cancelled',
        'Stopped while waiting; the jobs stay queued and go on when a worker runs.',
      );
    const rows = await read();
    options.onProgress?.(rows);
    if (rows.every((row) => finalStates.has(row.state))) break;
    // One that waits for its next attempt must not keep the others' results back.
    if (rows.every((row) => finalStates.has(row.state) || row.errorCode !== null))
      await queue.startWorkers({ concurrency: CONCURRENCY });
    if (app.ports.clock.nowMs() > deadlineMs)
      throw new RetryableError(
        'queue/timeout',
        `The jobs were not done within ${options.timeoutMs / 1000} s; they go on when a worker runs.`,
        {
          hint: 'See them by `outturn jobs`; start a worker by `outturn worker` or `outturn up`.',
        },
      );
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await queue.startWorkers({ concurrency: CONCURRENCY });
  await queue.idle({ timeoutMs: Math.max(1_000, deadlineMs - app.ports.clock.nowMs()), signal });
  return read();
}

function onlyQueuesOf(rows: readonly OutboxRow[]): Partial<Record<QueueName, number>> {
  const asked = new Set(rows.map((row) => row.queue));
  return Object.fromEntries(queueNames.map((name) => [name, asked.has(name) ? CONCURRENCY : 0]));
}
