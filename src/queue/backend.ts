import { createPostgresBackend, Queue, type QueueOptions, Worker, type WorkerOptions, withBackend } from 'bullmq';
import { type Logger, OutturnError, RetryableError } from '#kit';
import { checkRedis } from './redis-check.ts';

export type BackendSettings = { kind: 'postgres'; url: string } | { kind: 'redis'; url: string };

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
  'name' | 'pause' | 'close' | 'disconnect' | 'waitUntilReady' | 'isRunning' | 'on'
>;
export type JobProcessor = NonNullable<Exclude<ConstructorParameters<typeof Worker<JobData>>[1], string | URL>>;

export interface Backend {
  kind: BackendSettings['kind'];
  /** `host:port`, for messages: no credentials. */
  target: string;
  queue(name: string): QueueHandle;
  worker(name: string, process: JobProcessor, options: Omit<WorkerOptions, 'connection' | 'prefix'>): WorkerHandle;
}

/** A schema of its own keeps the queue's tables apart from the store's. */
const POSTGRES_SCHEMA = 'bullmq';
/** The braces are a hash tag: all keys of a queue lie in one slot of a Redis Cluster. */
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
    hint: 'Check that the server runs, and that DATABASE_URL (or REDIS_URL) leads to it.',
    cause,
  });
}

type ErrorSource = { on(event: 'error', listener: (error: Error) => void): unknown };

/** Without a listener an `error` event would end the process. The same message is a warning once in half a minute. */
function logErrors(source: ErrorSource, name: string, target: string, log: Logger): void {
  const QUIET_MS = 30_000;
  let last = { message: '', atMs: 0 };
  source.on('error', (error) => {
    const isRepeated = error.message === last.message && performance.now() - last.atMs < QUIET_MS;
    if (isRepeated) return;
    last = { message: error.message, atMs: performance.now() };
    log.warn({ queue: name, target, error: error.message }, 'the queue reported an error');
  });
}

/** Connects, checks the server and brings the queue's own tables up to date. Throws `queue/unavailable`. */
export async function openBackend(settings: BackendSettings, log: Logger): Promise<Backend> {
  return settings.kind === 'postgres' ? openPostgres(settings.url, log) : openRedis(settings.url, log);
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
  return {
    kind: 'postgres',
    target,
    queue(name) {
      const queue = new bound.Queue<JobData>(name, { connection: connection(1, false) });
      logErrors(queue, name, target, log);
      return queue as unknown as QueueHandle;
    },
    worker(name, process, options) {
      const worker = new bound.Worker<JobData>(name, process as never, {
        ...options,
        connection: connection(2, false),
      });
      logErrors(worker, name, target, log);
      return worker as unknown as WorkerHandle;
    },
  };
}

async function openRedis(url: string, log: Logger): Promise<Backend> {
  const target = targetOf(url, 6379);
  await checkRedis(url, target, log);
  const common = {
    url,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (times: number) => Math.min(times * 200, 2_000),
  };
  // A producer must come back with an error, for it holds a transaction open; a worker waits for its server.
  const producer: QueueOptions = { prefix: REDIS_PREFIX, connection: { ...common, maxRetriesPerRequest: 2 } };
  const consumer = { prefix: REDIS_PREFIX, connection: { ...common, maxRetriesPerRequest: null } };
  return {
    kind: 'redis',
    target,
    queue(name) {
      const queue = new Queue<JobData>(name, producer);
      logErrors(queue, name, target, log);
      return queue;
    },
    worker(name, process, options) {
      const worker = new Worker<JobData>(name, process, { ...options, ...consumer });
      logErrors(worker, name, target, log);
      return worker;
    },
  };
}
