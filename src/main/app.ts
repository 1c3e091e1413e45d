import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type Backfills,
  type Config,
  type JobPorts,
  type KeyRing,
  type Logger,
  type MessageRenderer,
  type Metrics,
  noTracing,
  type PushReceiver,
  type Replays,
  type SecretAdmin,
  type Store,
  type Tracing,
} from '#kit';
import { type CheckedMessenger, createMessenger } from '#src/delivery/index';
import { createExtractor } from '#src/extract/index';
import { createFetchFactory, createFileSource, createSqlSource } from '#src/fetch/index';
import {
  createBackfills,
  createPullRunner,
  createPushReceiver,
  createPushSteps,
  createReplays,
  createSourceWaits,
  type SourceWaits,
} from '#src/ingest/index';
import { openObjectStore } from '#src/objects/index';
import { createIntentResolver, createQueueRuntime, type QueueRuntime } from '#src/queue/index';
import { createRenderer } from '#src/render/index';
import { migrate, openStore } from '#src/store/index';
import { createMetrics, type OpenTracing, openTracing } from '#src/telemetry/index';
import { pullsAsApplied } from './applied-pulls.ts';
import { requireLoaded } from './configuration.ts';
import { type DatabaseServer, openServer } from './database-server.ts';
import type { Environment } from './environment.ts';
import { createPageParser } from './page-parser.ts';
import { applyConfiguration } from './projects.ts';
import { jobKinds, registry } from './registry.ts';
import { createSecretAdmin } from './secret-admin.ts';
import { readableChannels, withFreshSecrets } from './secret-ports.ts';
import { type FollowedConfig, followSecrets, openKeyRing } from './secrets.ts';
import { traceFetch, traceMessenger, traceObjects, traceReports, traceStore } from './traced-ports.ts';
import { version } from './version.ts';

export type { SourceWait } from '#src/ingest/index';

export const clock = { nowMs: () => Date.now() };
export const newId = (): string => randomUUID();

/** A database that is migrated and ready, whoever serves it. */
export interface Database {
  url: string;
  mode: DatabaseServer['mode'];
  version: string;
  appliedMigrations: string[];
  store: Store;
  revive: DatabaseServer['revive'];
  close(): Promise<void>;
}

/** The store of a database that is migrated. */
export const openStoreAt = (url: string, log: Logger, tracing: Tracing = noTracing): Promise<Store> =>
  openStore({
    url,
    resolver: createIntentResolver(jobKinds),
    clock,
    newId,
    log,
    applicationName: `outturn@${hostname()}`,
    traceParent: tracing.traceParent,
  });

/** The embedded server (started or joined) or DATABASE_URL, brought to the newest migration. */
export async function openDatabase(
  environment: Environment,
  starting: Promise<DatabaseServer> = openServer(environment),
  tracing: Tracing = noTracing,
): Promise<Database> {
  const { log } = environment;
  const server = await starting;
  try {
    const { applied } = await migrate({ url: server.url, log });
    const store = await openStoreAt(server.url, log, tracing);
    return {
      url: server.url,
      mode: server.mode,
      version: server.version ?? (await store.health()).version,
      appliedMigrations: applied,
      store,
      revive: server.revive,
      close: async () => {
        await store.close();
        await server.release();
      },
    };
  } catch (error) {
    await server.release();
    throw error;
  }
}

/** Everything a job may need, wired; no worker runs yet. */
export interface App {
  config: Config;
  database: Database;
  store: Store;
  ports: JobPorts;
  backfills: Backfills;
  replays: Replays;
  /** What pulls of this process wait for. */
  sourceWaits: Pick<SourceWaits, 'list'>;
  push: PushReceiver;
  renderer: MessageRenderer;
  messenger: CheckedMessenger;
  secrets: SecretAdmin;
  metrics: Metrics;
  tracing: Tracing;
  log: Logger;
  /** Opens the queue on first use. */
  queue(): Promise<QueueRuntime>;
  queueBackend: 'postgres' | 'redis';
  close(options?: { graceMs: number }): Promise<void>;
}

/**
 * Reads the configuration, opens the database, puts the projects of the configuration in force where settings.apply says so
 * (never with `applies: false`), and wires the ports.
 * `check` may refuse what was asked for, by the configuration alone, before anything is opened.
 */
export async function openApp(
  environment: Environment,
  server?: Promise<DatabaseServer>,
  check?: (config: Config) => void,
  { applies = true }: { applies?: boolean } = {},
): Promise<App> {
  const loaded = await requireLoaded(environment);
  check?.(loaded.config);
  const keyRing = await openKeyRing(environment);
  const { variables, redactor, log } = environment;
  const tracing = await openTracing({ variables, redactor, log, version });
  let database: Database | null = null;
  try {
    database = await openDatabase(environment, server, tracing);
    const { store } = database;
    const followed = await followSecrets(environment, loaded, store.secrets, keyRing);
    const { config } = followed;
    for (const { id, unreadable } of config.connectors)
      if (unreadable !== undefined)
        log.warn({ connector: id, code: unreadable.code }, `${id} cannot be used: ${unreadable.message}`);
    if (applies && config.settings.apply === 'automatic')
      await applyConfiguration({ config, registry, store }, { by: 'config' });
    // Digests go by the configuration at once, whoever applies its projects: deliveries must find whom they name.
    else if (applies) await store.people.apply(config);
    return wire(environment, followed, database, tracing, keyRing);
  } catch (error) {
    await database?.close();
    await tracing.close();
    throw error;
  }
}

function wire(
  environment: Environment,
  { config, secretUses, refresh }: FollowedConfig,
  database: Database,
  tracing: OpenTracing,
  keyRing: KeyRing | null,
): App {
  const { log, redactor } = environment;
  const store = traceStore(database.store, tracing);
  const instance = `${hostname()}:${process.pid}`;
  const metrics = createMetrics();
  const renderer = createRenderer();
  const messenger = createMessenger({
    settings: config.settings,
    renderer,
    clock,
    log,
    publicHost: publicHost(config),
  });
  const shared = {
    config,
    registry,
    store,
    objects: traceObjects(openObjectStore(config.settings.objects), tracing),
    fetch: traceFetch(
      createFetchFactory({
        redactor,
        log,
        clock,
        metrics,
        budgets: store.budgets,
        tokens: { store: store.tokens, box: keyRing },
        sessionOf: (kind) => registry.connectorKind(kind)?.session,
        instance,
      }),
      tracing,
    ),
    files: createFileSource({ baseDirectory: config.directory }),
    sql: createSqlSource({ baseDirectory: config.directory }),
    extract: createExtractor(),
    parser: createPageParser(),
    clock,
    log,
    metrics,
    newId,
    redact: redactor.text,
    tracing,
    waits: createSourceWaits(),
  };
  const ports: JobPorts = {
    ...shared,
    messenger: traceMessenger(readableChannels(messenger, config.settings), tracing),
    reports: traceReports(renderer, tracing),
    pulls: withFreshSecrets(pullsAsApplied(createPullRunner(shared), shared), refresh),
    pushSteps: createPushSteps(shared),
  };
  let opening: Promise<QueueRuntime> | null = null;
  return {
    config,
    database,
    store,
    ports,
    backfills: createBackfills(shared),
    replays: createReplays(shared),
    sourceWaits: shared.waits,
    push: createPushReceiver({ ...shared, refreshSecrets: refresh }),
    renderer,
    messenger: readableChannels(messenger, config.settings),
    secrets: createSecretAdmin({ store, keyRing, uses: secretUses }),
    metrics,
    tracing,
    log,
    queueBackend: environment.redis === null ? 'postgres' : 'redis',
    queue: () => {
      const runtime =
        opening ??
        createQueueRuntime({
          backend: environment.redis ?? { kind: 'postgres', url: database.url },
          jobs: jobKinds,
          ports,
          instance,
          tracing,
        });
      opening = runtime;
      return runtime;
    },
    close: async ({ graceMs } = { graceMs: 10_000 }) => {
      // A queue that failed to open has nothing to close; its error was thrown to whoever asked for it.
      const queue = await opening?.catch(() => null);
      await queue?.close({ graceMs });
      await messenger.close();
      await renderer.close();
      await database.close();
      await tracing.close();
    },
  };
}

function publicHost(config: Config): string {
  const { publicUrl, smtp } = config.settings;
  if (publicUrl !== null) return new URL(publicUrl).hostname;
  return smtp?.from.match(/@([^>\s]+)/)?.[1] ?? 'outturn.invalid';
}
