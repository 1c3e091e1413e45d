import {
  type BudgetAnswer,
  type BudgetLedger,
  type BudgetLimits,
  type BudgetRelease,
  type BudgetWait,
  type FetchPurpose,
  formatDurationMs,
  type Logger,
  type Metrics,
  RetryableError,
} from '#kit';

/** A source that is blocked for longer is not waited for: the job is put off, and its worker does something else. */
const LONGEST_BLOCK_WAITED_MS = 60_000;
/** A grant that took longer to arrive is given back: by the time of sending it might be another's. */
const STALE_GRANT_MS = 5_000;
/** Beside the time-out of the request: until then a process that stands still may yet send it. */
const LEASE_MARGIN_MS = 15_000;

/** Leave to send one request now. */
export interface Turn {
  /** When it was asked for, by `performance.now()`. */
  askedAtMs: number;
  /** Never throws: what cannot be given back expires. */
  release(release: BudgetRelease): Promise<void>;
}

export interface TurnRequest {
  purpose: FetchPurpose;
  /** How long the request itself may take. */
  timeoutMs: number;
}

export interface Turns {
  /**
   * Waits for a turn, live requests first, each kind in the order of asking. Rejects with the signal's reason when it aborts;
   * with RetryableError `source/rate-limited` and the time to wait when the day's quota is used up or the source has asked
   * for a longer pause; with `storage/unavailable` when the ledger cannot be asked.
   */
  take(request: TurnRequest, signal: AbortSignal): Promise<Turn>;
}

interface Entry extends TurnRequest {
  sinceMs: number;
  settled: boolean;
  grant(turn: Turn): void;
  refuse(error: unknown): void;
}

export interface TurnTools {
  ledger: BudgetLedger;
  limits: BudgetLimits;
  /** Names this process among those that wait. */
  holder: string;
  newId(): string;
  log: Logger;
  metrics: Pick<Metrics, 'budgetTurn'> | undefined;
}

/** The turns of one account in this process: one of those who wait asks the ledger, on behalf of all. */
export function createTurns(tools: TurnTools): Turns {
  const { ledger, limits, log } = tools;
  const { account } = limits;
  const waiting: Record<FetchPurpose, Entry[]> = { live: [], backfill: [] };
  /** The ledger counts this process among those that wait. */
  let isEntered = false;
  let isAsking = false;
  let sleep: { reason: BudgetWait; entry: Entry; wake(): void } | null = null;

  const head = (): Entry | undefined => waiting.live[0] ?? waiting.backfill[0];
  const queue = () => ({ id: tools.holder, live: waiting.live.length, backfill: waiting.backfill.length });
  const drop = (entry: Entry): void => {
    const entries = waiting[entry.purpose];
    const index = entries.indexOf(entry);
    if (index !== -1) entries.splice(index, 1);
  };

  async function release(leaseId: string, ended: BudgetRelease): Promise<void> {
    try {
      await ledger.release(limits, leaseId, ended);
    } catch (error) {
      log.warn({ account, error }, 'the end of a request could not be booked: it counts until its lease expires');
    }
    if (sleep !== null && ['concurrency', 'turn', 'yields'].includes(sleep.reason)) sleep.wake();
  }

  function turnOf(leaseId: string, askedAtMs: number): Turn {
    let released = false;
    return {
      askedAtMs,
      async release(ended) {
        if (released) return;
        released = true;
        await release(leaseId, ended);
      },
    };
  }

  async function ask(entry: Entry): Promise<void> {
    const leaseId = tools.newId();
    const claimed = queue();
    const askedAtMs = performance.now();
    let answer: BudgetAnswer;
    try {
      answer = await ledger.claim({
        limits,
        purpose: entry.purpose,
        leaseId,
        leaseMs: entry.timeoutMs + LEASE_MARGIN_MS,
        queue: claimed,
        waitedMs: Math.max(0, askedAtMs - entry.sinceMs),
      });
    } catch (error) {
      return end(entry, () => entry.refuse(error), 'failed');
    }
    const turn = turnOf(leaseId, askedAtMs);
    if (answer.granted) {
      isEntered = claimed.live + claimed.backfill > 1;
      if (entry.settled || performance.now() - askedAtMs > STALE_GRANT_MS)
        return await turn.release({ sent: false, begunWithinMs: null, signal: null });
      return end(entry, () => entry.grant(turn), 'granted');
    }
    isEntered = true;
    if (entry.settled) return;
    const putOff = answer.reason === 'day' || (answer.endsInMs ?? 0) > LONGEST_BLOCK_WAITED_MS;
    if (putOff) return end(entry, () => entry.refuse(putOffError(limits, entry.purpose, answer)), 'put-off');
    await pause(answer, entry);
  }

  function end(entry: Entry, settle: () => void, outcome: 'granted' | 'put-off' | 'failed'): void {
    drop(entry);
    if (entry.settled) return;
    const waitedMs = performance.now() - entry.sinceMs;
    tools.metrics?.budgetTurn({ account, purpose: entry.purpose, outcome, waitedMs });
    settle();
  }

  function pause(answer: Extract<BudgetAnswer, { granted: false }>, entry: Entry): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        sleep = null;
        resolve();
      };
      const timer = setTimeout(wake, answer.askAgainMs);
      sleep = { reason: answer.reason, entry, wake };
    });
  }

  async function serve(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    try {
      for (let entry = head(); entry !== undefined || isEntered; entry = head())
        if (entry !== undefined) await ask(entry);
        else {
          isEntered = false;
          await ledger.leave(account, queue()).catch((error: unknown) => {
            log.debug({ account, error }, 'what waited for a budget is forgotten when its time is over');
          });
        }
    } finally {
      isAsking = false;
    }
  }

  return {
    take(request, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const settle = (): void => {
          entry.settled = true;
          signal.removeEventListener('abort', onAbort);
        };
        const entry: Entry = {
          ...request,
          sinceMs: performance.now(),
          settled: false,
          grant(turn) {
            settle();
            resolve(turn);
          },
          refuse(error) {
            settle();
            reject(error);
          },
        };
        const onAbort = (): void => {
          settle();
          drop(entry);
          if (sleep?.entry === entry) sleep.wake();
          reject(signal.reason);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting[request.purpose].push(entry);
        // A backfill that sleeps goes behind.
        if (sleep !== null && sleep.entry !== head()) sleep.wake();
        void serve();
      });
    },
  };
}

/** `account sap-prod`, or `connector shop` for the budget that a connector has to itself. */
const nameOf = (account: string): string => (account.includes(':') ? account.replace(':', ' ') : `account ${account}`);

function putOffError(
  limits: BudgetLimits,
  purpose: FetchPurpose,
  { reason, endsInMs, detail }: Extract<BudgetAnswer, { granted: false }>,
): RetryableError {
  const name = nameOf(limits.account);
  const retryAfterMs = Math.max(0, endsInMs ?? 0);
  const facts = { account: limits.account, purpose, reason };
  const left = formatDurationMs(Math.ceil(retryAfterMs / 60_000) * 60_000);
  if (reason === 'day') {
    const share = purpose === 'backfill' ? ' but for the part that is kept for live pulls' : '';
    return new RetryableError(
      'source/rate-limited',
      `${name}: the daily quota of ${limits.requestsPerDay} requests is used up${share}; the next day begins at ${limits.resetsAt} (${limits.timeZone}), in ${left}`,
      {
        hint: 'The work goes on by itself then. If the source allows more, raise requestsPerDay.',
        facts,
        retryAfterMs,
      },
    );
  }
  return new RetryableError(
    'source/rate-limited',
    `${name}: the source has asked to be left alone for another ${left}${detail === null ? '' : ` (${detail})`}`,
    {
      hint: `The work goes on by itself then. \`outturn budgets\` shows the account; \`outturn budgets ${limits.account} --unblock\` goes on at once.`,
      facts,
      retryAfterMs,
    },
  );
}
