/**
 * The right of one run of a job to commit. Each run takes a higher token than the one before it; a transaction that is given
 * the fence commits only while its token is the newest, so that a worker which lost its lock (a blocked event loop, a
 * skewed clock, a network that came back) cannot write over its successor.
 */
export interface JobFence {
  jobId: string;
  /** From 1, growing. */
  token: number;
}

export type JobRunOutcome =
  | 'succeeded'
  /** Another attempt follows, with or without spending one. */
  | 'retried'
  | 'failed'
  | 'cancelled'
  /** Given back at shutdown. */
  | 'released'
  /** Its lock went to another worker while it lived. */
  | 'lost';

/** One run of a job by one worker: the history that explains it. */
export interface JobRunRow {
  jobId: string;
  token: number;
  attempt: number;
  /** `host:pid` of the worker. */
  instance: string;
  startedAtMs: number;
  /** Null while it runs; and for ever, when its worker died with it. */
  endedAtMs: number | null;
  outcome: JobRunOutcome | null;
  errorCode: string | null;
  errorMessage: string | null;
}
export interface JobRunStart {
  fence: JobFence;
  /** Earlier runs, since the last replay, that never ended: their workers died with them. */
  crashes: number;
}
export interface JobRunRepository {
  /** Runs, since the last replay, that never ended: their workers died with them, or one of them lives unnoticed. */
  crashes(jobId: string): Promise<number>;
  /** How a run ended; also of one whose token is not the newest any more. Unless it succeeded, it may commit nothing more. */
  end(
    fence: JobFence,
    end: { outcome: JobRunOutcome; errorCode?: string | undefined; errorMessage?: string | undefined },
  ): Promise<void>;
  /** Oldest first. */
  list(jobId: string): Promise<JobRunRow[]>;
}
