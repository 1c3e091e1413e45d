import type { QueueName } from '../job.ts';
import type { JobState } from './outbox.ts';

/** Open jobs of one kind in one state. */
export interface OpenJobs {
  kind: string;
  queue: QueueName;
  state: Extract<JobState, 'pending' | 'published' | 'running'>;
  count: number;
  /** When the one that has waited longest for its first start became due; null when none of them waits for it now. */
  oldestDueAtMs: number | null;
}
export interface WorkInHand {
  open: OpenJobs[];
  /** Jobs that failed for good and that nobody has replayed with success or discarded. */
  deadLetters: { kind: string; count: number }[];
}
/** What is to be done now, for gauges: reads open rows only, however long the history is. */
export interface WorkInHandReader {
  read(): Promise<WorkInHand>;
}
