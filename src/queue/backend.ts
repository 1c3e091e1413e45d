import { createPostgresBackend, Queue, Worker, type WorkerOptions, withBackend } from 'bullmq';
import { type Logger, OutturnError, RetryableError } from '#kit';
import { checkRedis } from './redis/check.ts';
import { createRedisConnections } from './redis/connections.ts';
import { type RedisSettings, redisTarget } from './redis/settings.ts';

export type BackendSettings = { kind: 'postgres'; url: string } | RedisSettings;

/** All that a queue holds: the intent itself stays in the outbox, so that no argument lies in two places. */
export interface JobData {
  outboxId: string;
}
export type QueueHandle = Pick<
  Queue<JobData>,
  | 'name'
  | 'addBulk'
  | 'getJob'
  | 'getJobs'
  | 'getJobCounts'
  | 'pause'
  | 'resume'
  | 'isPaused'
  | 'getDeduplicationJobId'
  | 'waitUntilReady'
  | 'close'
  | 'disconnect'
>;
export type WorkerHandle = Pick<
  Worker<JobData>,
  'name' | 'pause' | 'resume' | 'close' | 'disconnect' | 'waitUntilReady' | 'isRunning' | 'on'
>;
export type JobProcessor = NonNullable<Exclude<ConstructorParameters<typeof Worker<JobData>>[1], string | URL>>;

export interface Backend {
  kind: 'postgres' | 'redis';
  /** What it is, in words: `PostgreSQL`, `Redis 7.0.15`, `Redis Cluster (6 nodes)`. */
  label: string;
  /** What the checks at start found risky, a sentence each. */
  warnings: readonly string[];
  /** `host:port`, for messages: no credentials. */
  target: string;
  queue(name: string): QueueHandle;
  worker(name: string, process: JobProcessor, options: Omit<WorkerOptions, 'connection' | 'prefix'>): WorkerHandle;
  /** After the queues and workers: ends what is still connected. */
  close(): Promise<void>;
}

/** A schema of its own keeps the queue's tables apart from the store's. */
const POSTGRES_SCHEMA = 'bullmq';
/** The braces are a hash tag: all keys of all queues lie in one slot of a Redis Cluster, as their scripts need it. */
const REDIS_PREFIX = '{outturn}';
const CONNECT_TIMEOUT_MS = 10_000;

/** Where a connection string leads, without its credentials. */
export function targetOf(url: string, defaultPort: number): string {
  try {
    const parsed = new URL(url);
    const socketDirectory = parsed.searchParams.get('host');
    return socketDirectory ?? `${parsed.hostname || 'localhost'}:${parsed.port || defaultPort}`;
  } catch {
    return 'the configured address';
  }
}

/** Any failure to reach the queue as `queue/unavailable`; what is an OutturnError already stays as it is. */
export function unavailable(target: string, cause: unknown): OutturnError {
  if (cause instanceof OutturnError) return cause;
  const reason = cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : '') : String(cause);
  return new RetryableError('queue/unavailable', `The queue at ${target} cannot be reached: ${reason}`, {
    hint: 'Check that the server runs, and that DATABASE_URL (or REDIS_URL, REDIS_SENTINELS, REDIS_CLUSTER) leads to it.',
    cause,
  });
}

type ErrorSource = { on(event: 'error', listener: (error: Error) => void): unknown };

/**
 * Without a listener an `error` event would end the process. Queues and workers share connections, so the same message comes
 * from each: it is a warning once in half a minute.
 */
function createErrorLog(target: string, log: Logger): (source: ErrorSource, name: string) => void {
  const QUIET_MS = 30_000;
  const saidAtMs = new Map<string, number>();
  return (source, name) => {
    source.on('error', (error) => {
      const nowMs = performance.now();
      for (const [message, atMs] of saidAtMs) if (nowMs - atMs >= QUIET_MS) saidAtMs.delete(message);
      if (saidAtMs.has(error.message)) return;
      saidAtMs.set(error.message, nowMs);
      log.warn({ queue: name, target, error: error.message }, 'the queue reported an error');
    });
  };
}

/** Connects, checks the server and brings the queue's own tables up to date. Throws `queue/unavailable`. */
export async function openBackend(settings: BackendSettings, log: Logger): Promise<Backend> {
  return settings.kind === 'postgres' ? openPostgres(settings.url, log) : openRedis(settings, log);
}

async function openPostgres(url: string, log: Logger): Promise<Backend> {
  const target = targetOf(url, 5432);
  const bound = withBackend(createPostgresBackend);
  const connection = (max: number, migrate: boolean) => ({
    connectionString: url,
    schema: POSTGRES_SCHEMA,
    migrate,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'outturn-queue',
  });
  const first = new bound.Queue<JobData>('migration', { connection: connection(1, true) });
  first.on('error', () => undefined);
  try {
    await first.waitUntilReady();
  } catch (error) {
    throw unavailable(target, error);
  } finally {
    await first.close().catch(() => undefined);
  }
  const logErrors = createErrorLog(target, log);
  return {
    kind: 'postgres',
    label: 'PostgreSQL',
    warnings: [],
    target,
    queue(name) {
      const queue = new bound.Queue<JobData>(name, { connection: connection(1, false) });
      logErrors(queue, name);
      return queue as unknown as QueueHandle;
    },
    worker(name, process, options) {
      const worker = new bound.Worker<JobData>(name, process as never, {
        ...options,
        connection: connection(2, false),
      });
      logErrors(worker, name);
      return worker as unknown as WorkerHandle;
    },
    close: async () => undefined,
  };
}

async function openRedis(settings: RedisSettings, log: Logger): Promise<Backend> {
  const target = redisTarget(settings);
  const { label, warnings } = await checkRedis(settings);
  const connections = createRedisConnections(settings);
  const logErrors = createErrorLog(target, log);
  const prefix = REDIS_PREFIX;
  let areWarningsTold = false;
  /** In the log of what runs jobs; whoever only looks has them by `warnings`. */
  const tellWarnings = (): void => {
    if (areWarningsTold) return;
    areWarningsTold = true;
    for (const warning of warnings) log.warn({ target }, warning);
  };
  return {
    kind: 'redis',
    label,
    warnings,
    target,
    queue(name) {
      const queue = new Queue<JobData>(name, { prefix, connection: connections.producer() });
      logErrors(queue, name);
      return queue;
    },
    worker(name, process, options) {
      tellWarnings();
      const worker = new Worker<JobData>(name, process, { ...options, prefix, connection: connections.consumer() });
      logErrors(worker, name);
      return worker;
    },
    close: () => connections.close(),
  };
}
