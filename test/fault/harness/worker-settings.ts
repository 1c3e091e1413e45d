import type { QueueName } from '#kit';
import type { createQueueRuntime } from '#src/queue/index';
import type { FaultPoint } from './jobs.ts';

/** Where the queue lies. */
export type QueueBackend = Parameters<typeof createQueueRuntime>[0]['backend'];

/** What a worker process is told on its command line, as JSON. */
export interface WorkerSettings {
  /** Its name in the runs' history. */
  instance: string;
  backend: QueueBackend;
  databaseUrl: string;
  objectsPath: string;
  sinkUrl: string;
  /** For each queue alike, or by queue (absent: none). */
  concurrency: number | Partial<Record<QueueName, number>>;
  workers: boolean;
  relay: boolean;
  /** At the how-manieth passing of a point it dies, or waits. */
  failpoint?: { point: FaultPoint; at: number; action: 'kill' | 'wait'; waitMs?: number };
  /** How far its clock jumps: at its start, or when it is sent SIGUSR2. */
  clockStepMs?: number;
  clockStepsAtStart?: boolean;
  version?: 1 | 2;
  graceMs?: number;
}
