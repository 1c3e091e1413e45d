import {
  type AccountMemory,
  BUDGET_WINDOW_MS,
  type BudgetLedger,
  type BudgetQueue,
  type Clock,
  freshMemory,
  hearSignal,
  judgeClaim,
  LONGEST_ASK_MS,
  QUEUE_MARGIN_MS,
  waitAnswer,
} from '#kit';

interface Lease {
  grantedAtMs: number;
  expiresAtMs: number;
  ended: boolean;
  countsUntilMs: number;
}
interface Account {
  memory: AccountMemory;
  leases: Map<string, Lease>;
  queues: Map<string, BudgetQueue & { sinceMs: number; expiresAtMs: number }>;
}

/**
 * Budgets of one process that has no database, and so nobody to share them with: `outturn check` before the first start.
 * The same rules as those of the fleet.
 */
export function createLocalBudgets(clock: Clock): BudgetLedger {
  const accounts = new Map<string, Account>();
  const accountOf = (id: string): Account => {
    const account = accounts.get(id) ?? { memory: freshMemory, leases: new Map(), queues: new Map() };
    accounts.set(id, account);
    return account;
  };
  const usedLastMinute = ({ leases }: Account, nowMs: number): number => {
    for (const [id, lease] of leases) if (lease.countsUntilMs <= nowMs) leases.delete(id);
    return leases.size;
  };

  return {
    async claim({ limits, purpose, leaseId, leaseMs, queue, waitedMs }) {
      const account = accountOf(limits.account);
      const nowMs = clock.nowMs();
      const used = usedLastMinute(account, nowMs);
      const isUnderWay = (lease: Lease): boolean => !lease.ended && lease.expiresAtMs > nowMs;
      const elsewhere = [...account.queues.values()].filter((each) => each.id !== queue.id && each.expiresAtMs > nowMs);
      const view = {
        ...account.memory,
        nowMs,
        usedLastMinute: used,
        inUse: [...account.leases.values()].filter(isUnderWay).length,
        liveElsewhere: elsewhere.reduce((sum, each) => sum + each.live, 0),
        queuesElsewhere: elsewhere
          .filter((each) => (purpose === 'live' ? each.live > 0 : each.live === 0))
          .map((each) => ({ waitedMs: nowMs - each.sinceMs })),
      };
      const verdict = judgeClaim(view, { limits, purpose, waitedMs });
      if (verdict.granted) {
        const dayUsed = account.memory.day === verdict.day ? account.memory.dayUsed + 1 : 1;
        account.memory = { ...account.memory, day: verdict.day, dayUsed };
        const expiresAtMs = nowMs + leaseMs;
        const countsUntilMs = expiresAtMs + BUDGET_WINDOW_MS;
        account.leases.set(leaseId, { grantedAtMs: nowMs, expiresAtMs, ended: false, countsUntilMs });
        enter(account, { ...queue, [purpose]: Math.max(0, queue[purpose] - 1) }, nowMs, 0);
        return { granted: true };
      }
      const frees = [...account.leases.values()]
        .map((lease) => (isUnderWay(lease) ? lease.grantedAtMs + BUDGET_WINDOW_MS : lease.countsUntilMs) - nowMs)
        .sort((a, b) => a - b);
      enter(account, queue, nowMs, waitedMs);
      const freesInMs = verdict.over > 0 ? (frees[verdict.over - 1] ?? null) : null;
      return waitAnswer(verdict, { waitedMs, freesInMs, detail: account.memory.blockedReason });
    },

    async leave(id, queue) {
      enter(accountOf(id), queue, clock.nowMs(), 0);
    },

    async release(limits, leaseId, { sent, begunWithinMs, signal }) {
      const account = accountOf(limits.account);
      const nowMs = clock.nowMs();
      const lease = account.leases.get(leaseId);
      if (lease === undefined || lease.ended) return;
      if (sent) {
        lease.ended = true;
        const begunAtMs = begunWithinMs === null ? nowMs : Math.min(nowMs, lease.grantedAtMs + begunWithinMs);
        lease.countsUntilMs = begunAtMs + BUDGET_WINDOW_MS;
      } else {
        account.leases.delete(leaseId);
        account.memory = { ...account.memory, dayUsed: Math.max(0, account.memory.dayUsed - 1) };
      }
      if (signal === null) return;
      const view = { ...account.memory, nowMs, usedLastMinute: usedLastMinute(account, nowMs) };
      account.memory = hearSignal(view, signal, { limits, grantedAtMs: lease.grantedAtMs }) ?? account.memory;
    },
  };
}

function enter(account: Account, queue: BudgetQueue, nowMs: number, waitedMs: number): void {
  if (queue.live + queue.backfill === 0) account.queues.delete(queue.id);
  else
    account.queues.set(queue.id, {
      ...queue,
      sinceMs: nowMs - waitedMs,
      expiresAtMs: nowMs + LONGEST_ASK_MS + QUEUE_MARGIN_MS,
    });
}
