import type { z } from 'zod';
import type { JobPorts } from './ports.ts';

export type QueueName = 'pull' | 'compute' | 'report' | 'delivery';
export const queueNames: readonly QueueName[] = ['pull', 'compute', 'report', 'delivery'];

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
  ports: JobPorts;
  progress(done: number, total: number): void;
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
  /** Waiting requests of one key collapse into one; one arriving mid-run causes exactly one more. */
  dedupeKey(args: A): string | null;
  /** The result is kept with the job: JSON, small, no secrets. */
  run(args: A, ctx: JobContext): Promise<R>;
}

export type AnyJobKind = JobKind<any, any>;

/** Identity function that gives a job its types. */
export function defineJob<A, R>(job: JobKind<A, R>): JobKind<A, R> {
  return job;
}
