import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterEach } from 'vitest';
import { z } from 'zod';
import {
  type AnyJobKind,
  createRedactor,
  defineJob,
  type JobContext,
  type JobPorts,
  type JobPriority,
  type Logger,
  type OutboxRow,
  type Store,
} from '#kit';
import { createIntentResolver, createQueueRuntime, type QueueRuntime } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { createLogger, createMetrics } from '#src/telemetry/index';
import { testDatabase } from '../../harness/database.ts';
import { pollUntil } from '../../harness/poll.ts';

export type BackendSettings = Parameters<typeof createQueueRuntime>[0]['backend'];

/** What a backend's test file provides; the suite runs the same on each. */
export interface QueueServer {
  name: 'postgres' | 'redis';
  /** Where the queue lies, given the store's database. */
  backend(databaseUrl: string): BackendSettings;
  /** Loses every job, as a wiped server does. */
  wipe(databaseUrl: string): Promise<void>;
  /** Ends every connection to the server, as its restart would. */
  interrupt(databaseUrl: string): Promise<void>;
  /** Everything that the queue stores, as text. */
  dump(databaseUrl: string): Promise<string>;
}

export const secret = 'sesame-4711-open';

export interface Started {
  kind: string;
  name: string;
  attempt: number;
  instance: string;
  context: JobContext;
}
export type Handler = (name: string, context: JobContext) => Promise<unknown>;

export interface RuntimeOptions {
  workers?: boolean;
  relay?: boolean;
  jobs?: readonly AnyJobKind[];
  concurrency?: number;
  /** What lies between this process and the store: faults. */
  through?: (store: Store) => Store;
}

export interface World {
  store: Store;
  databaseUrl: string;
  started: Started[];
  lines: string[];
  metrics: ReturnType<typeof createMetrics>;
  names(): string[];
  states(ids: readonly string[]): Promise<string[]>;
  /** Starts a further worker process's runtime; relay too unless told otherwise. */
  runtime(options?: RuntimeOptions): Promise<QueueRuntime>;
  enqueue(kind: string, args: Record<string, unknown>, priority?: JobPriority): Promise<OutboxRow>;
  /** Takes the acknowledgement back, as though it had never been written, once the queue is done with the job. */
  reopen(runtime: QueueRuntime, id: string, version?: number): Promise<void>;
  sql(statement: string, values?: unknown[]): Promise<void>;
  row(id: string): Promise<OutboxRow>;
  untilState(id: string, ...states: OutboxRow['state'][]): Promise<OutboxRow>;
  close(): Promise<void>;
}

const backoff = { baseMs: 20, capMs: 60 };
const args = z.strictObject({ name: z.string(), key: z.string().optional(), token: z.string().optional() });

/** Kinds whose work is whatever `handle` does: plain, collapsed by key, and with a short time-out. */
export function probeJobs(handle: (started: Omit<Started, 'instance'>) => Promise<unknown>): AnyJobKind[] {
  const common = { version: 1, queue: 'compute' as const, args, attempts: 3, backoff, timeoutMs: 20_000 };
  const run =
    (kind: string) =>
    async ({ name }: z.infer<typeof args>, context: JobContext): Promise<unknown> =>
      handle({ kind, name, attempt: context.attempt, context });
  return [
    defineJob({ ...common, kind: 'plain', dedupeKey: () => null, run: run('plain') }),
    defineJob({ ...common, kind: 'keyed', dedupeKey: ({ key }) => key ?? null, run: run('keyed') }),
    defineJob({ ...common, kind: 'other-queue', queue: 'report', dedupeKey: () => null, run: run('other-queue') }),
    defineJob({ ...common, kind: 'hasty', timeoutMs: 150, attempts: 1, dedupeKey: () => null, run: run('hasty') }),
  ];
}

/** A fresh database, store and queue; `handler` is what jobs do. */
export async function openWorld(server: QueueServer, handler: Handler): Promise<World> {
  const database = await testDatabase();
  const started: Started[] = [];
  const lines: string[] = [];
  const redactor = createRedactor([secret]);
  const log: Logger = createLogger({ level: 'debug', redactor, format: 'json', write: (line) => lines.push(line) });
  const clock = { nowMs: () => Date.now() };
  const metrics = createMetrics({ processMetrics: false });
  const store = await openStore({
    url: database.url,
    resolver: createIntentResolver(probeJobs(async () => null)),
    clock,
    newId: randomUUID,
    log,
    applicationName: 'queue-test',
  });
  const runtimes: QueueRuntime[] = [];
  const sql = async (statement: string, values: unknown[] = []): Promise<void> => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query(statement, values);
    } finally {
      await client.end();
    }
  };

  return {
    store,
    databaseUrl: database.url,
    started,
    lines,
    metrics,
    names: () => started.map(({ name }) => name),
    states: (ids) => Promise.all(ids.map(async (id) => (await store.outbox.get(id))?.state ?? 'unknown')),
    async runtime({ workers = true, relay = true, jobs, concurrency = 4, through = (same: Store) => same } = {}) {
      const instance = `worker-${runtimes.length + 1}`;
      const own = probeJobs(async (start) => {
        started.push({ ...start, instance });
        return handler(start.name, start.context);
      });
      const ports = {
        store: through(store),
        clock,
        log,
        metrics,
        newId: randomUUID,
        redact: redactor.text,
      } as unknown as JobPorts;
      const runtime = await createQueueRuntime({
        backend: server.backend(database.url),
        jobs: jobs ?? own,
        ports,
        instance,
      });
      runtimes.push(runtime);
      if (workers) await runtime.startWorkers({ concurrency });
      if (relay) await runtime.startRelay();
      return runtime;
    },
    enqueue: (kind, given, priority) => store.outbox.enqueue({ kind, args: given, cause: 'test', priority }),
    async reopen(runtime, id, version = 1) {
      await pollUntil('the queue is done with it', async () => (await runtime.counts()).compute.active === 0);
      await sql(
        `UPDATE outbox SET state = 'running', acknowledged_at = NULL, result = NULL, version = $2 WHERE id = $1`,
        [id, version],
      );
    },
    sql,
    async row(id) {
      const row = await store.outbox.get(id);
      if (row === null) throw new Error(`no outbox row ${id}`);
      return row;
    },
    untilState: (id, ...states) =>
      pollUntil(`job ${id} is ${states.join(' or ')}`, async () => {
        const row = await store.outbox.get(id);
        return row !== null && states.includes(row.state) ? row : null;
      }),
    async close() {
      for (const runtime of runtimes) await runtime.close({ graceMs: 0 });
      await store.close();
      await database.close();
    },
  };
}

/** One world for each test of the enclosing `describe`, closed after it. */
export function useWorld(server: QueueServer): (handler?: Handler) => Promise<World> {
  let world: World | null = null;
  afterEach(async () => {
    await world?.close();
    world = null;
  });
  return async (handler = async () => null) => {
    world = await openWorld(server, handler);
    return world;
  };
}

/** A process that no notification of the database reaches. */
export const deaf = (store: Store): Store => ({
  ...store,
  listenOutbox: async () => ({ close: async () => undefined }),
});

/** A process that sees of cancelling nothing but the notification. */
export const blind = (store: Store): Store => ({
  ...store,
  outbox: {
    ...store.outbox,
    get: async (id) => {
      const row = await store.outbox.get(id);
      return row?.state === 'cancelled' ? { ...row, state: 'running' } : row;
    },
  },
});

/** A promise to be settled from outside. */
export function gate(): { opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
