import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { defineJob, type JobPorts, noTracing, RetryableError } from '#kit';
import { silentLog } from '../../test/harness/silent-log.ts';
import type { Backend, JobProcessor } from './backend.ts';
import { createWorkers } from './workers.ts';

const kind = (name: string, run: (signal: AbortSignal) => Promise<unknown>) =>
  defineJob({
    kind: name,
    version: 1,
    queue: 'compute',
    args: z.strictObject({}),
    attempts: 3,
    backoff: { baseMs: 10, capMs: 10 },
    timeoutMs: 60_000,
    dedupeKey: () => null,
    run: (_args, { signal }) => run(signal),
  });

describe('a worker that reaches neither queue nor database', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('gives up a job whose lock ran out, also while the end of another one waits to be noted', async () => {
    const reasons: unknown[] = [];
    const jobs = [
      kind('short', async () => 'done'),
      kind(
        'long',
        (signal) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => {
              reasons.push(signal.reason);
              reject(signal.reason);
            }),
          ),
      ),
    ];
    const away = async () => {
      throw new RetryableError('storage/unavailable', 'away');
    };
    let isAway = false;
    const outbox = {
      get: async (id: string) =>
        isAway
          ? away()
          : { id, kind: id, version: 1, args: {}, dedupeKey: null, state: 'published', attempts: 0, replays: 0 },
      started: async (id: string) => ({ fence: { jobId: id, token: 1 }, crashes: 0 }),
    };
    const store = { outbox, runs: { end: away }, transaction: away };
    let process: JobProcessor | undefined;
    const handle = { name: 'compute', on: () => undefined, waitUntilReady: async () => undefined };
    const backend = {
      worker: (_name: string, processor: JobProcessor) => {
        process = processor;
        return handle;
      },
    };
    const clock = { nowMs: () => 0 };
    const metrics = { jobFinished: () => undefined, jobIncident: () => undefined };
    const workers = createWorkers({
      backend: backend as unknown as Backend,
      jobs: new Map(jobs.map((job) => [job.kind, job])),
      ports: { store, log: silentLog, clock, metrics, redact: (text: string) => text } as unknown as JobPorts,
      instance: 'here:1',
      random: () => 0,
      tracing: noTracing,
      onSettled: () => undefined,
    });
    await workers.start({ pull: 0, backfill: 0, compute: 2, report: 0, delivery: 0 });
    const take = (id: string) =>
      (process as unknown as (job: unknown, token: string) => Promise<unknown>)(
        { id, name: id, data: { outboxId: id }, attemptsMade: 0, opts: { attempts: 3 }, moveToDelayed: away },
        'token',
      );
    const ends = Promise.allSettled([take('long'), take('short')]);
    await vi.advanceTimersByTimeAsync(100);
    isAway = true;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reasons).toEqual([expect.objectContaining({ abort: 'lost-lock' })]);
    await ends;
  });
});
