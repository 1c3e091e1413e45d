import type { DeadLetterRow, JobSummary, OutboxRow, QueueName, SchedulePauseRow } from '#kit';
import { budgetAccounts, queueNames } from '#kit';
import type { App } from './app.ts';
import { findMissingWork, type MissingWorkFinding } from './missing-work.ts';
import { unappliedProjects } from './projects.ts';

/** A stream is called late when its watermark is older than this. */
export const STREAM_LATE_MS = 2 * 86_400_000;
/** A job that is due for so long and did not begin is late. */
export const JOB_LATE_MS = 2 * 60_000;
const FAILED_WITHIN_MS = 24 * 3_600_000;
const SHOWN = 10;

export interface LateStream {
  connector: string;
  stream: string;
  /** Null: never pulled. */
  watermarkMs: number | null;
}

/** How the machinery stands, for one glance. */
export interface Status {
  atMs: number;
  /** Something waits for a decision or a repair. */
  needsAPerson: boolean;
  jobs: JobSummary;
  running: OutboxRow[];
  lateStreams: LateStream[];
  /** Jobs that failed for good within a day, newest first, whatever became of them. */
  failed: DeadLetterRow[];
  openDeadLetters: number;
  unknownDeliveries: number;
  pausedSchedules: SchedulePauseRow[];
  /** Null: the queue does not answer; `queueProblem` says why. */
  pausedQueues: QueueName[] | null;
  queueProblem: string | null;
  missing: MissingWorkFinding[];
  /** Projects whose configuration was changed and not applied yet. */
  unapplied: string[];
  /** Accounts that are asked nothing at the moment, because the source said so. */
  blockedAccounts: { account: string; untilMs: number; reason: string | null }[];
}

/** Reads only. What the queue alone knows is left out where it does not answer. */
export async function readStatus(app: App): Promise<Status> {
  const { store, config } = app;
  const atMs = app.ports.clock.nowMs();
  const queue = await app.queue().then(
    async (runtime) => ({ runtime, counts: await runtime.counts(), problem: null }),
    (error: unknown) => ({ runtime: undefined, counts: null, problem: app.ports.redact(messageOf(error)) }),
  );
  const [jobs, running, failed, openDeadLetters, deliveries, pauses, missing, watermarks] = await Promise.all([
    store.jobs.summary(atMs - JOB_LATE_MS),
    store.jobs.page({ state: 'running', limit: SHOWN }),
    store.deadLetters.search({ sinceMs: atMs - FAILED_WITHIN_MS, limit: SHOWN }),
    store.deadLetters.count('open'),
    store.deliveries.counts(),
    store.schedules.pauses({ sinceMs: atMs }),
    findMissingWork(app, queue.runtime),
    store.watermarks.list(),
  ]);
  const unapplied = await unappliedProjects(app.ports);
  const budgets = await store.budgets.list(budgetAccounts(config).map(({ limits }) => limits));
  const isScheduled = (connector: string, stream: string): boolean =>
    config.schedules.some(
      ({ job: { kind, args } }) =>
        kind === 'pull' && args['connector'] === connector && (args['stream'] ?? stream) === stream,
    );
  const lateStreams = config.connectors.flatMap((connector) =>
    connector.streams.flatMap((stream): LateStream[] => {
      const row = watermarks.find((each) => each.connector === connector.id && each.stream === stream.id);
      if (row !== undefined && atMs - row.watermarkMs <= STREAM_LATE_MS) return [];
      // Nothing was due of a stream that no schedule pulls and nobody has pulled yet.
      if (row === undefined && !isScheduled(connector.id, stream.id)) return [];
      return [{ connector: connector.id, stream: stream.id, watermarkMs: row?.watermarkMs ?? null }];
    }),
  );
  const unknownDeliveries = deliveries.unknown ?? 0;
  const { counts, problem } = queue;
  return {
    atMs,
    needsAPerson:
      openDeadLetters > 0 ||
      unknownDeliveries > 0 ||
      missing.length > 0 ||
      jobs.overdue > 0 ||
      lateStreams.length > 0 ||
      problem !== null,
    jobs,
    running,
    lateStreams,
    failed,
    openDeadLetters,
    unknownDeliveries,
    pausedSchedules: pauses.filter(
      (pause) =>
        pause.resumedAtMs === null && pause.sinceMs <= atMs && (pause.untilMs === null || pause.untilMs > atMs),
    ),
    pausedQueues: counts === null ? null : queueNames.filter((name) => counts[name].paused),
    queueProblem: problem,
    missing,
    unapplied,
    blockedAccounts: budgets.flatMap(({ account, blockedUntilMs, blockedReason }) =>
      blockedUntilMs === null || blockedUntilMs <= atMs
        ? []
        : [{ account, untilMs: blockedUntilMs, reason: blockedReason }],
    ),
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
