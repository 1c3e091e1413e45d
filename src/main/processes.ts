import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { asOutturnError, PermanentError, type QueueName, requireReadable } from '#kit';
import { makeDirectory } from '#src/embedded/index';
import { createScheduler } from '#src/schedule/index';
import { type App, clock, newId, openApp } from './app.ts';
import type { Environment } from './environment.ts';
import { createJobOperations } from './job-operations.ts';
import { redisLabel } from './redis-environment.ts';
import { sampleMetrics } from './sample-metrics.ts';
import { scheduleAdmin } from './schedules.ts';
import { watchMissingWork } from './watch-missing-work.ts';

export type Role = 'api' | 'worker' | 'scheduler';

export interface ProcessOptions {
  roles: readonly Role[];
  /** Overrides settings.api.port; 0 takes a free one. */
  port?: number | undefined;
  /** Serves metrics alone, without a token; 0 takes a free one. */
  metricsPort?: number | undefined;
  /** Jobs at once, for each queue. */
  concurrency: Record<QueueName, number>;
  /** End by itself once nothing is due and nothing runs. */
  drain?: boolean | undefined;
  /** Ends the process gracefully. */
  signal: AbortSignal;
  graceMs: number;
  onReady(facts: {
    roles: readonly Role[];
    apiUrl: string | null;
    /** Of a process without API, where one was asked for. */
    metricsUrl: string | null;
    tokenFile: string | null;
    database: string;
    queue: string;
    /** In words, for people: `Redis Cluster (6 nodes)`. */
    queueLabel: string;
  }): void;
  onStopping(): void;
}

const SUPERVISION_INTERVAL_MS = 2_000;
/** A worker that drains ends when the work does; this only bounds it. */
const DRAIN_LIMIT_MS = 30 * 86_400_000;

/** Runs the roles until the signal, then stops taking work, waits for what runs, and closes everything in reverse order. */
export async function runProcesses(environment: Environment, options: ProcessOptions): Promise<void> {
  const app = await openApp(environment);
  const closers: (() => Promise<void>)[] = [() => app.close({ graceMs: options.graceMs })];
  let giveJobsBack = async (): Promise<void> => {};
  try {
    const sampler = sampleMetrics(app);
    closers.push(() => sampler.stop());
    let apiUrl: string | null = null;
    let metricsUrl: string | null = null;
    let tokenFile: string | null = null;
    if (options.roles.includes('api')) {
      requireReadable({ unreadable: app.config.settings.unreadable?.api });
      const access = await apiToken(environment, app.config.settings.api.token);
      tokenFile = access.file;
      // Loaded here: every command imports this file, and only these processes listen.
      const { createApi } = await import('#src/api/index');
      const api = createApi({
        config: app.config,
        registry: app.ports.registry,
        store: app.store,
        clock: app.ports.clock,
        objects: app.ports.objects,
        schedules: scheduleAdmin(app),
        operations: createJobOperations(app),
        backfills: app.backfills,
        push: app.push,
        secrets: app.secrets,
        metrics: { ...app.metrics, ...sampler.metrics },
        log: app.log,
        token: access.token,
        readiness: () => readiness(app),
        newId,
        tracing: app.tracing,
      });
      const { host, port } = app.config.settings.api;
      closers.push(() => api.close());
      ({ url: apiUrl } = await api.listen({ host, port: options.port ?? port }));
    }
    if (options.metricsPort !== undefined) {
      const { serveMetrics } = await import('#src/api/index');
      const address = { host: environment.variables.OUTTURN_METRICS_HOST || '127.0.0.1', port: options.metricsPort };
      const server = await serveMetrics(sampler.metrics, { ...address, log: app.log });
      closers.push(() => server.close());
      metricsUrl = server.url;
    }
    if (options.roles.includes('worker')) {
      const queue = await app.queue();
      giveJobsBack = () => queue.close({ graceMs: options.graceMs });
      await queue.startWorkers({ concurrency: options.concurrency });
      await queue.startRelay();
      const missing = watchMissingWork(app, queue);
      closers.push(() => missing.stop());
    }
    if (options.roles.includes('scheduler')) {
      const scheduler = createScheduler({
        schedules: app.config.schedules,
        store: app.store,
        clock,
        log: app.log,
        metrics: app.metrics,
        instance: `${hostname()}:${process.pid}`,
      });
      closers.push(() => scheduler.stop());
      await scheduler.start();
    }
    options.onReady({
      roles: options.roles,
      apiUrl,
      metricsUrl,
      tokenFile,
      database: `${app.database.mode} PostgreSQL ${app.database.version}`,
      queue: app.queueBackend,
      queueLabel: options.roles.includes('worker') ? (await app.queue()).label : redisLabel(environment.redis),
    });
    const supervision = superviseDatabase(app);
    closers.push(async () => supervision.stop());
    await Promise.race([
      aborted(options.signal),
      supervision.lost,
      ...(options.drain ? [drained(app, options.signal)] : []),
    ]);
    options.onStopping();
  } finally {
    // At once: what others wait for (a silent database) must not use up the time until the process is killed. Its failure is app.close's.
    void giveJobsBack().catch(() => undefined);
    for (const close of closers.reverse()) await close();
  }
}

/** Resolves when nothing is left to do now; never when it is stopped before, for then that is the reason to end. */
async function drained(app: App, signal: AbortSignal): Promise<void> {
  try {
    await (await app.queue()).drained({ timeoutMs: DRAIN_LIMIT_MS, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * Brings the embedded PostgreSQL back when it dies under a process that stays. `lost` rejects when it cannot come back where
 * it was: then the process must end, so that whatever started it starts it anew.
 */
function superviseDatabase(app: App): { lost: Promise<never>; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const lost = new Promise<never>((_resolve, reject) => {
    const look = async (): Promise<void> => {
      try {
        if ((await app.database.revive()) === 'restarted')
          app.log.warn({}, 'the embedded PostgreSQL was gone and is started again');
        if (!isStopped) timer = setTimeout(look, SUPERVISION_INTERVAL_MS);
      } catch (error) {
        if (!isStopped) reject(error);
      }
    };
    timer = setTimeout(look, SUPERVISION_INTERVAL_MS);
  });
  // Whether or not anybody waits for it by then.
  lost.catch(() => undefined);
  return {
    lost,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** The configured token, or one made once and kept readable for this user alone. */
async function apiToken(
  environment: Environment,
  configured: string | null,
): Promise<{ token: string; file: string | null }> {
  if (configured !== null) return { token: configured, file: null };
  const file = path.join(environment.dataDirectory, 'api-token');
  try {
    await makeDirectory(environment.dataDirectory);
    const token = await readFile(file, 'utf8').then(
      (text) => text.trim(),
      async () => {
        const made = randomBytes(32).toString('base64url');
        await writeFile(file, `${made}\n`, { mode: 0o600, flag: 'wx' });
        return made;
      },
    );
    environment.redactor.add(token);
    return { token, file };
  } catch (error) {
    throw new PermanentError('storage/directory-unwritable', `The API token cannot be kept in ${file}.`, {
      hint: 'Set settings.api.token, or make the data directory writable for this user.',
      cause: error,
    });
  }
}

async function readiness(app: App): Promise<Record<string, string | null>> {
  const probe = (check: () => Promise<unknown>): Promise<string | null> =>
    check().then(
      () => null,
      (error: unknown) => asOutturnError(error).message,
    );
  const [database, queue, objects] = await Promise.all([
    probe(() => app.store.health()),
    probe(async () => (await app.queue()).health()),
    probe(() => app.ports.objects.check()),
  ]);
  return { database, queue, objects };
}
