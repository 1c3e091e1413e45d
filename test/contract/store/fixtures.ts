import { randomUUID } from 'node:crypto';
import type { Clock, IngestCost, IngestRow, IntentResolver, JobFence, Store } from '#kit';
import { openStore } from '#src/store/index';
import { silentLog, type TestDatabase, testDatabase } from '../../harness/database.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const midnightMs = Date.UTC(2026, 5, 1);

/** Stands still until it is moved. */
export interface SettableClock extends Clock {
  set(ms: number): void;
  advance(ms: number): void;
}
export function settableClock(startMs = Date.UTC(2026, 6, 1)): SettableClock {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    set: (ms) => {
      nowMs = ms;
    },
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

export const resolver: IntentResolver = {
  resolve: (intent) => ({
    version: 1,
    queue: 'compute',
    args: intent.args,
    dedupeKey:
      typeof intent.args === 'object' && intent.args !== null && 'key' in intent.args ? String(intent.args.key) : null,
    priority: 'normal',
  }),
};

export interface StoreFixture {
  store: Store;
  database: TestDatabase;
  clock: SettableClock;
  /** One more store on the same database, as another process would have. */
  another(): Promise<Store>;
  close(): Promise<void>;
}

export async function storeFixture(): Promise<StoreFixture> {
  const database = await testDatabase();
  const clock = settableClock();
  const stores: Store[] = [];
  const open = async (): Promise<Store> => {
    const store = await openStore({
      url: database.url,
      resolver,
      clock,
      newId: randomUUID,
      log: silentLog,
      applicationName: 'outturn test',
    });
    stores.push(store);
    return store;
  };
  return {
    store: await open(),
    database,
    clock,
    another: open,
    async close() {
      await Promise.all(stores.map((store) => store.close()));
      await database.close();
    },
  };
}

export function sample(atMs: number, value: number | null, changes: Partial<IngestRow> = {}): IngestRow {
  return {
    labels: {},
    unit: 'failures',
    atMs,
    durationMs: hourMs,
    value,
    status: value === null ? 'missing' : 'final',
    pageHash: 'a'.repeat(64),
    ...changes,
  };
}

export function cost(sourceKey: string, amount: string, changes: Partial<IngestCost> = {}): IngestCost {
  return {
    sourceKey,
    projectRef: 'P-1001',
    kind: 'actual',
    capitalisation: 'opex',
    recurrence: 'one-off',
    pool: null,
    amount,
    currency: 'EUR',
    postingDate: '2026-06-15',
    cashDate: null,
    document: null,
    correctionOf: null,
    text: null,
    pageHash: null,
    ...changes,
  };
}

/** What one pull stores of stream `stream`. */
export function pullOf(rows: readonly IngestRow[], stream = 'failed-checkouts', pullId = 'pull-1') {
  return { connector: 'shop-metrics', stream, pullId, observedAtMs: midnightMs, rows };
}
export const source = (stream = 'failed-checkouts', labels: Record<string, string> = {}) => ({
  connector: 'shop-metrics',
  stream,
  labels,
});

/** Begins a run of a job, as a worker does; its fence. */
export async function begin(store: Store, jobId: string, attempt = 1): Promise<JobFence> {
  const start = await store.outbox.started(jobId, { attempt, instance: 'test:1' });
  if (start === null) throw new Error(`the job ${jobId} has ended`);
  return start.fence;
}
