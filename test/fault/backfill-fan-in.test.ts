import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackfills } from '#src/ingest/index';
import { jobKinds } from '#src/main/registry';
import {
  HOUR,
  metric,
  openPullBench,
  type PullBench,
  project,
  START,
  scriptedPull,
} from '../factories/scripted-pull.ts';
import { describeWith } from '../harness/packages.ts';
import { pollUntil } from '../harness/poll.ts';
import { type RunningProcess, startProcess } from '../harness/process.ts';
import { type RedisServer, startRedis } from '../harness/servers/redis.ts';
import { backendsFor } from './harness/backends.ts';

const script = fileURLToPath(new URL('harness/backfill-worker.ts', import.meta.url));
const CHUNKS = 3;

/** Three deaths, each noticed within the 15 s in which a killed worker's jobs run again, and the start of processes. */
const DEADLINE_MS = 90_000;

function fanIn(queueUrl: (bench: PullBench) => { kind: 'postgres' | 'redis'; url: string }): void {
  let bench: PullBench;
  let worker: RunningProcess | undefined;
  beforeAll(async () => {
    bench = await openPullBench({ jobs: jobKinds });
    bench.clock.nowMs = Date.now();
  });
  afterAll(async () => {
    await worker?.kill();
    await bench?.close();
  });

  it('ends as failed when the worker of a chunk dies with it for good, and lets what it brought count', async () => {
    const name = 'fan-in';
    const t = scriptedPull(bench, async function* () {}, {
      id: name,
      intervalMs: HOUR,
      projects: [project(name, { metrics: [metric('m')] })],
    });
    await t.define();
    const backfills = createBackfills(t.parts);
    const request = { ...t.due, fromMs: START, toMs: START + CHUNKS * HOUR, chunkMs: HOUR };
    const [started] = await backfills.create([await backfills.plan(request)], 'test');
    const id = started?.id ?? '';
    const { kind, url } = queueUrl(bench);
    const args = [script, bench.databaseUrl, kind, url, name, String(START + HOUR)];
    const restart = async (): Promise<void> => {
      worker = await startProcess({
        command: process.execPath,
        args: ['--conditions=outturn-source', ...args],
        ready: (output) => output.includes('ready'),
      }).catch(() => undefined);
    };
    const ended = await pollUntil(
      'the backfill has ended',
      async () => {
        // As a service manager does.
        if (worker === undefined || worker.exited()) await restart();
        const row = await bench.store.backfills.get(id);
        return row?.state === 'running' ? null : row;
      },
      { timeoutMs: DEADLINE_MS, intervalMs: 100 },
    );
    expect(ended).toMatchObject({
      state: 'failed',
      chunks: { total: CHUNKS, done: 1 },
      current: { seq: 2, jobState: 'failed', errorCode: 'queue/quarantined' },
    });
    const states = (await bench.store.backfills.chunks(id)).map(({ state }) => state);
    expect(states).toEqual(['done', 'failed', 'waiting']);
    const runs = await bench.store.runs.list(ended?.current?.jobId ?? '');
    expect(runs.filter(({ endedAtMs }) => endedAtMs === null)).toHaveLength(3);
    expect(await t.recomputes(name)).toBe(1);
  }, 120_000);
}

describe.runIf(backendsFor('redis').includes('postgres'))('a backfill, the fan-in of its chunks (PostgreSQL)', () => {
  fanIn((bench) => ({ kind: 'postgres', url: bench.databaseUrl }));
});

describeWith(['redis'], 'a backfill, the fan-in of its chunks (Redis)', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.close());
  fanIn(() => ({ kind: 'redis', url: redis.url }));
});
