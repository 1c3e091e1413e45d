import { type CommonQueryMethods, SlonikError } from 'slonik';
import { z } from 'zod';
import { type Clock, type IntentResolver, type Logger, OutturnError, type Repositories, type Store } from '#kit';
import { createBackfillRepository } from './backfills.ts';
import { createBudgetRepository } from './budgets.ts';
import { createConnectorRepository } from './connectors.ts';
import { type StoreContext, sql } from './context.ts';
import { createCostRepository } from './costs.ts';
import { createDeadLetterRepository } from './dead-letters.ts';
import { createDeliveryRepository } from './deliveries.ts';
import { createDigestRepository } from './digests.ts';
import { createDirtyRepository } from './dirty-periods.ts';
import { storeError } from './failures.ts';
import { createFireRepository } from './fires.ts';
import { createFxRepository } from './fx.ts';
import { createJobRunRepository, holdFence } from './job-runs.ts';
import { createJobSearch } from './job-search.ts';
import { listenOutbox } from './listener.ts';
import { lockKey, shareKey } from './locks.ts';
import { createMeasurementRepository } from './measurements.ts';
import { createMissingWorkRepository } from './missing-work.ts';
import { createOutboxRepository } from './outbox.ts';
import { createPageRetentionRepository } from './page-retention.ts';
import { createMeasurementPartitions } from './partitions.ts';
import { createPeopleRepository } from './people.ts';
import { createReadingRepository } from './period-readings.ts';
import { openPool } from './pool.ts';
import { createPortfolioSnapshotRepository } from './portfolios.ts';
import { createProjectRepository } from './projects.ts';
import { createPullRepository } from './pulls.ts';
import { createPushRepository } from './push.ts';
import { holdRecording, seeSettled } from './recording.ts';
import { createReplayRepository } from './replays.ts';
import { createReportRepository } from './reports.ts';
import { createRestatementRepository } from './restatements.ts';
import { createScheduleRepository } from './schedules.ts';
import { createSecretRepository } from './secrets.ts';
import { createSnapshotRepository } from './snapshots.ts';
import { createTokenStore } from './tokens.ts';
import { createWatermarkRepository } from './watermarks.ts';
import { createWorkInHandReader } from './work-in-hand.ts';

export interface StoreOptions {
  url: string;
  resolver: IntentResolver;
  clock: Clock;
  newId: () => string;
  log: Logger;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** W3C `traceparent` of what the caller does: kept with each intent. Absent: nothing is traced. */
  traceParent?: (() => string | null) | undefined;
}

/**
 * The store on a migrated PostgreSQL database. Instants that it writes come from `clock`, so that `knownAtMs` means the caller's time.
 *
 * Serialisation failures and deadlocks are retried: a transaction's work may therefore run more than once and must have no effect
 * outside the repositories it is given. Within a transaction only those may be used; using the store itself there is an error,
 * because a second connection would see none of it and could wait for it for ever.
 *
 * Errors: `storage/unavailable` (retryable), `storage/disk-full`, `storage/migration-failed` (schema missing or older).
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { url, log, clock, applicationName } = options;
  const pool = await openPool(url, applicationName);
  // Emitted when an idle connection is lost; the pool replaces it. Without a listener the process would end.
  pool.on('error', (error) => log.warn({ reason: error.message }, 'a database connection was lost'));
  const listeners = new Set<{ close(): Promise<void> }>();
  const shared = {
    clock,
    newId: options.newId,
    resolver: options.resolver,
    partitions: createMeasurementPartitions(url, applicationName),
    traceParent: options.traceParent ?? (() => null),
  };
  const contextOf = (connection: CommonQueryMethods, inTransaction: boolean): StoreContext => ({
    ...shared,
    connection,
    inTransaction,
  });
  const toStoreError = (error: unknown): OutturnError => storeError(error, url);

  return {
    ...guarded(createRepositories(contextOf(pool, false)), toStoreError),
    budgets: guardMethods(createBudgetRepository({ connection: pool }), toStoreError),
    tokens: guardMethods(createTokenStore({ connection: pool }), toStoreError),

    async lock() {
      throw new OutturnError('internal', 'a lock works only within a transaction');
    },

    async lockShared() {
      throw new OutturnError('internal', 'a lock works only within a transaction');
    },

    seenAtMs: () => null,

    async transaction(work, { oneInstant = false, settled = false, records = false, fence } = {}) {
      let begun = false;
      try {
        return await pool.transaction(async (connection) => {
          if (oneInstant) await connection.query(sql.unsafe`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`);
          if (records) await holdRecording(connection);
          const seenAtMs = settled ? await seeSettled(connection, clock) : null;
          begun = true;
          const result = await work({ ...createRepositories(contextOf(connection, true)), seenAtMs: () => seenAtMs });
          if (fence !== undefined) await holdFence({ connection }, fence);
          return result;
        });
      } catch (error) {
        throw begun && !isFromDatabase(error) ? error : toStoreError(error);
      }
    },

    async listenOutbox(onNotify) {
      const listener = await listenOutbox({ url, applicationName: `${applicationName} listen`, log }, onNotify);
      listeners.add(listener);
      return {
        async close() {
          listeners.delete(listener);
          await listener.close();
        },
      };
    },

    async health() {
      try {
        const beforeMs = clock.nowMs();
        const row = await pool.one(sql.type(z.object({ version: z.string(), nowMs: z.number() }))`
          SELECT current_setting('server_version') AS version, clock_timestamp() AS "nowMs"`);
        const afterMs = clock.nowMs();
        return { version: row.version, clockDifferenceMs: Math.round(row.nowMs - (beforeMs + afterMs) / 2) };
      } catch (error) {
        throw toStoreError(error);
      }
    },

    async close() {
      await Promise.all([...listeners].map((listener) => listener.close()));
      listeners.clear();
      await pool.end();
    },
  };
}

function createRepositories(context: StoreContext): Omit<Repositories, 'seenAtMs'> {
  return {
    measurements: createMeasurementRepository(context),
    readings: createReadingRepository(context),
    restatements: createRestatementRepository(context),
    costs: createCostRepository(context),
    fx: createFxRepository(context),
    watermarks: createWatermarkRepository(context),
    pulls: createPullRepository(context),
    pages: createPageRetentionRepository(context),
    push: createPushRepository(context),
    dirty: createDirtyRepository(context),
    replays: createReplayRepository(context),
    projects: createProjectRepository(context),
    snapshots: createSnapshotRepository(context),
    portfolios: createPortfolioSnapshotRepository(context),
    people: createPeopleRepository(context),
    reports: createReportRepository(context),
    digests: createDigestRepository(context),
    deliveries: createDeliveryRepository(context),
    outbox: createOutboxRepository(context),
    deadLetters: createDeadLetterRepository(context),
    backfills: createBackfillRepository(context),
    fires: createFireRepository(context),
    inHand: createWorkInHandReader(context),
    schedules: createScheduleRepository(context),
    secrets: createSecretRepository(context),
    connectors: createConnectorRepository(context),
    runs: createJobRunRepository(context),
    jobs: createJobSearch(context),
    missing: createMissingWorkRepository(context),
    lock: (key) => lockKey(context.connection, key),
    lockShared: (key) => shareKey(context.connection, key),
  };
}

/** Within a transaction errors stay as they are: the pool decides by their codes whether to try again. */
function guarded(
  repositories: Omit<Repositories, 'seenAtMs'>,
  toStoreError: (error: unknown) => OutturnError,
): Omit<Repositories, 'seenAtMs'> {
  const entries = Object.entries(repositories).map(([name, repository]) => [
    name,
    typeof repository === 'function' ? repository : guardMethods(repository as object, toStoreError),
  ]);
  return Object.fromEntries(entries) as Omit<Repositories, 'seenAtMs'>;
}

function guardMethods<T extends object>(repository: T, toStoreError: (error: unknown) => OutturnError): T {
  return new Proxy(repository, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        try {
          return await (Reflect.apply(member, target, args) as Promise<unknown>);
        } catch (error) {
          throw toStoreError(error);
        }
      };
    },
  });
}

/** The caller's own errors pass through a transaction unchanged. */
function isFromDatabase(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return error instanceof SlonikError || (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code));
}
