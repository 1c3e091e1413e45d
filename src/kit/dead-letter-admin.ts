import type { PlannedEffect } from './job.ts';
import type { DeadLetterRow } from './store/index.ts';

/** What having a failed job run again would come to; nothing is written to find out. */
export interface ReplayPlan {
  /** `not-needed`: the work was done, or is being done, in another way; it may be replayed all the same. */
  verdict: 'replay' | 'not-needed' | 'impossible';
  /** Why not, in whole sentences; null when it is to be replayed. */
  reason: string | null;
  /** Its arguments are of an older version, and are brought to this one. */
  upgraded: { from: number; to: number } | null;
  /** Null: the kind of job cannot tell, or `problem` says why not. */
  effects: PlannedEffect[] | null;
  /** Why it could not be found out what it would do: most likely it fails of the same again. */
  problem: string | null;
}

/** Decisions about jobs that failed for good: what the commands and the HTTP interface show and do. */
export interface DeadLetterAdmin {
  plan(letter: DeadLetterRow): Promise<ReplayPlan>;
  /** Puts its job back to the first attempt. False: it is not failed any more, or not kept. */
  replay(jobId: string, by: string): Promise<boolean>;
  /** It is not to be done. False: it is not open. */
  discard(jobId: string, by: string, reason: string): Promise<boolean>;
}
