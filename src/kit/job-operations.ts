import type { DeadLetterAdmin } from './dead-letter-admin.ts';
import type { QueueName } from './job.ts';
import type { DeliveryRow } from './store/index.ts';

/** What a person can do about jobs, messages and queues: the HTTP interface's hands. */
export interface JobOperations {
  deadLetters: DeadLetterAdmin;
  /** Wherever it runs. */
  cancel(jobId: string, by: string, reason: string | null): Promise<'cancelled' | 'was-done'>;
  /** Says whether a message of unknown outcome arrived; what did not is sent by the job that is answered. Throws `usage`. */
  settle(
    delivery: DeliveryRow,
    verdict: { arrived: boolean; by: string; reason: string | null },
  ): Promise<{ delivery: DeliveryRow; jobId: string | null }>;
  /** Throws `queue/unavailable`. */
  queue(): Promise<QueueStatus>;
  pause(queues: readonly QueueName[] | undefined): Promise<void>;
  resume(queues: readonly QueueName[] | undefined): Promise<void>;
}
export interface QueueStatus {
  backend: 'postgres' | 'redis';
  /** `host:port`. */
  target: string;
  queues: Record<QueueName, { waiting: number; active: number; delayed: number; paused: boolean }>;
}
