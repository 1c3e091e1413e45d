import type { z } from 'zod';
import type { JobPorts } from './ports.ts';
import type { JobFence } from './store/job-runs.ts';

export type QueueName = 'pull' | 'backfill' | 'compute' | 'report' | 'delivery';
export const queueNames: readonly QueueName[] = ['pull', 'backfill', 'compute', 'report', 'delivery'];

/**
 * Which of the waiting jobs of a queue runs first. Words, for the queue's own numbers mislead: there a job without a number
 * runs before number 1. Equal ones run in the order in which they were asked for.
 */
export type JobPriority = 'high' | 'normal' | 'low';
export const jobPriorities: readonly JobPriority[] = ['high', 'normal', 'low'];

export interface Backoff {
  /** Delay before the second attempt; doubles with each further one. */
  baseMs: number;
  capMs: number;
}

export interface JobContext {
  /** The outbox id: the same through all attempts. */
  jobId: string;
  /** 1 for the first. */
  attempt: number;
  /** Aborts on time-out, cancel, lost lock and shutdown. */
  signal: AbortSignal;
  /** What this run may commit with. `ports.store.transaction` uses it by itself; ports that open their own are given it. */
  fence: JobFence;
  ports: JobPorts;
  progress(done: number, total: number): void;
}

export interface PlannedEffect {
  /** In words: `message to #it-value by Slack`. */
  effect: string;
  /** `unknown`: it may have happened; the job finds out before it does it. */
  state: 'to-do' | 'done' | 'unknown';
  detail: string | null;
}

/** One kind of work. Runs at least once; must be written so that twice is the same as once. */
export interface JobKind<A = unknown, R = unknown> {
  /** Permanent: it is stored in queues and ledgers. */
  kind: string;
  /** Version of the arguments' schema, from 1. */
  version: number;
  queue: QueueName;
  /** Strict schema, checked when enqueued and when run. */
  args: z.ZodType<A>;
  /** `upgrade[n]` turns arguments of version n into version n + 1. */
  upgrade?: Record<number, (args: unknown) => unknown>;
  attempts: number;
  backoff: Backoff;
  timeoutMs: number;
  /** Absent: normal. An intent may say otherwise. */
  priority?: JobPriority;
  /** Waiting requests of one key collapse into one; one arriving mid-run causes exactly one more. */
  dedupeKey(args: A): string | null;
  /**
   * What running it now would do, for who decides about a replay: reads only. What an earlier run did already (a message
   * that was sent, a report that exists) is told apart from what is to come, and is not done again.
   */
  preview?(args: A, ports: JobPorts): Promise<PlannedEffect[]>;
  /** The result is kept with the job: JSON, small, no secrets. */
  run(args: A, ctx: JobContext): Promise<R>;
}

export type AnyJobKind = JobKind<any, any>;

/** Identity function that gives a job its types. */
export function defineJob<A, R>(job: JobKind<A, R>): JobKind<A, R> {
  return job;
}
