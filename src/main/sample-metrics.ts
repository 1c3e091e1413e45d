import { asOutturnError, type Metrics, queueNames } from '#kit';
import { type App, clock } from './app.ts';
import { recordBudgets } from './budgets.ts';
import { jobKinds } from './registry.ts';

const INTERVAL_MS = 15_000;
/** Several scrapers, or one that is impatient, are told the same. */
const FRESH_MS = 2_000;
const TIMEOUT_MS = 3_000;
const states = ['pending', 'published', 'running'] as const;

export interface MetricsSampler {
  /** The metrics, with gauges of now. */
  metrics: Pick<Metrics, 'expose'>;
  stop(): Promise<void>;
}

/** Gauges that need the database: read every 15 s, and when they are asked for. A database that is away leaves them as they were. */
export function sampleMetrics(app: App): MetricsSampler {
  let sampling: Promise<void> | null = null;
  let sampledAtMs = Number.NEGATIVE_INFINITY;
  let hasFailed = false;

  async function sample(): Promise<void> {
    try {
      await recordWorkInHand(app);
      await recordBudgets(app);
      sampledAtMs = performance.now();
      hasFailed = false;
    } catch (error) {
      // Once, not at each try: an outage is one event.
      if (!hasFailed) app.log.warn({ error: asOutturnError(error).message }, 'gauges could not be measured');
      hasFailed = true;
    }
  }
  /** One at a time. */
  const sampleOnce = (): Promise<void> => {
    sampling ??= app.tracing.detached(sample).finally(() => {
      sampling = null;
    });
    return sampling;
  };
  const timer = setInterval(() => void sampleOnce(), INTERVAL_MS);
  void sampleOnce();
  return {
    metrics: {
      async expose() {
        if (performance.now() - sampledAtMs > FRESH_MS) await orTimeout(sampleOnce());
        return app.metrics.expose();
      },
    },
    async stop() {
      clearInterval(timer);
      await sampling;
    },
  };
}

async function recordWorkInHand({ store, metrics }: App): Promise<void> {
  const nowMs = clock.nowMs();
  const { open, deadLetters } = await store.inHand.read();
  // What is not there any more must not stay at its last value.
  for (const kind of new Set([...jobKinds.map((job) => job.kind), ...open.map((row) => row.kind)])) {
    const ofKind = open.filter((row) => row.kind === kind);
    for (const state of states)
      metrics.gauge('jobs_open', { kind, state }, total(ofKind.filter((row) => row.state === state)));
    metrics.gauge('oldest_waiting_seconds', { kind }, ageOfOldest(ofKind, nowMs));
    metrics.gauge('dead_letters_open', { kind }, deadLetters.find((row) => row.kind === kind)?.count ?? 0);
  }
  for (const queue of queueNames)
    for (const state of states)
      metrics.gauge(
        'queue_jobs',
        { queue, state },
        total(open.filter((row) => row.queue === queue && row.state === state)),
      );
  metrics.gauge('outbox_open', {}, total(open));
  const unpublished = open.filter((row) => row.state === 'pending');
  metrics.gauge('outbox_unpublished', {}, total(unpublished));
  metrics.gauge('outbox_lag_seconds', {}, ageOfOldest(unpublished, nowMs));
  for (const { connector, stream, watermarkMs } of await store.watermarks.list())
    metrics.gauge('watermark_lag_seconds', { connector, stream }, (nowMs - watermarkMs) / 1000);
}

const total = (rows: readonly { count: number }[]): number => rows.reduce((sum, { count }) => sum + count, 0);

function ageOfOldest(rows: readonly { oldestDueAtMs: number | null }[], nowMs: number): number {
  const due = rows.flatMap(({ oldestDueAtMs }) => (oldestDueAtMs === null ? [] : [oldestDueAtMs]));
  return due.length === 0 ? 0 : Math.max(0, (nowMs - Math.min(...due)) / 1000);
}

/** A scrape is answered in time, with older gauges if need be. */
async function orTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    work,
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TIMEOUT_MS);
    }),
  ]);
  clearTimeout(timer);
}
