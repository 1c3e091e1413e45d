import type { FetchPurpose } from '../ports.ts';

/** What one account at a source may be asked by the whole fleet together. */
export interface BudgetLimits {
  /** Id of the account; `connector:<id>` for one that a connector has to itself. */
  account: string;
  /** Begun in any 60 seconds; null: no limit. */
  requestsPerMinute: number | null;
  /** At the same time. */
  concurrency: number;
  /** In one day of `timeZone` that begins at `resetsAt`; null: no limit. */
  requestsPerDay: number | null;
  /** `HH:MM` on the wall clock of `timeZone`. */
  resetsAt: string;
  timeZone: string;
}

/** What keeps a request waiting. `yields`: a backfill, while anybody else waits; `turn`: somebody has waited longer. */
export type BudgetWait = 'concurrency' | 'rate' | 'blocked' | 'day' | 'yields' | 'turn';

/** The queue of one process for one account. A process asks for one request of it at a time. */
export interface BudgetQueue {
  /** Names the process, whatever it asks for: `host:pid:…`. */
  id: string;
  /** Requests that wait here, with the one that is asked for. */
  live: number;
  backfill: number;
}

export interface BudgetClaim {
  limits: BudgetLimits;
  purpose: FetchPurpose;
  /** Unique; names the lease when it is granted. */
  leaseId: string;
  /** After so long without a release the process counts as dead. Longer than any request may take. */
  leaseMs: number;
  queue: BudgetQueue;
  /** How long the one that is asked for has waited. */
  waitedMs: number;
}

export type BudgetAnswer =
  | { granted: true }
  | {
      granted: false;
      reason: BudgetWait;
      /** Asking again sooner is of no use. Bounded, so that who waits shows that it lives. */
      askAgainMs: number;
      /** For `blocked` and `day`: when that ends, from now. */
      endsInMs: number | null;
      /** For `blocked`: what the source said. */
      detail: string | null;
    };

/** What an answer of the source says about its own limits. */
export interface SourceSignal {
  /** It refused the request as one too many (429, or 403 with a limit that is used up). */
  refused: boolean;
  /** Nothing more is to be asked for so long. */
  pauseMs: number | null;
  /** In words, where it pauses: `429 with Retry-After`. */
  pauseReason: string | null;
  /** The limit that it names, for a minute. */
  perMinute: number | null;
}

export interface BudgetRelease {
  /** False: the request was never sent, and counts for nothing. */
  sent: boolean;
  /** The source had the request at the latest so long after it was asked for; null: not known, at the latest by now. */
  begunWithinMs: number | null;
  signal: SourceSignal | null;
}

/** Grants requests, to one process or to all of a fleet. */
export interface BudgetLedger {
  /** Grants one request, or says what it waits for; then the queue counts as waiting until it asks again or leaves. */
  claim(claim: BudgetClaim): Promise<BudgetAnswer>;
  /** What waits in a queue is less now (somebody gave up); with nothing left the queue is forgotten. */
  leave(account: string, queue: BudgetQueue): Promise<void>;
  /** The request is over. Twice is the same as once. */
  release(limits: BudgetLimits, leaseId: string, release: BudgetRelease): Promise<void>;
}

/** How one account stands. */
export interface BudgetStatus {
  account: string;
  inUse: number;
  usedLastMinute: number;
  usedToday: number;
  dayEndsAtMs: number;
  /** What may be begun in a minute now, by configuration, source and caution together; null: no limit. */
  allowedPerMinute: number | null;
  /** What the source itself names as its limit for a minute. */
  sourcePerMinute: number | null;
  /** After a refusal the rate is lower until then. */
  easedUntilMs: number | null;
  blockedUntilMs: number | null;
  blockedReason: string | null;
  waitingLive: number;
  waitingBackfill: number;
  /** Since when the longest waits. */
  waitingSinceMs: number | null;
}

export interface BudgetRepository extends BudgetLedger {
  /** In the order of the limits that are given. */
  list(limits: readonly BudgetLimits[]): Promise<BudgetStatus[]>;
  /** Forgets what the source said: block, lower limit and lower rate. False when there was nothing to forget. */
  unblock(account: string): Promise<boolean>;
}
