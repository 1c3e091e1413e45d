import type { Config } from './config.ts';
import type { BudgetLimits, BudgetStatus } from './store/budgets.ts';

export interface BudgetAccount {
  limits: BudgetLimits;
  /** Ids of the connectors that share it. */
  connectors: string[];
}

/** Every account that connectors ask their sources through, in the order of the configuration. */
export function budgetAccounts({ connectors }: Pick<Config, 'connectors'>): BudgetAccount[] {
  const accounts = new Map<string, BudgetAccount>();
  for (const { id, http } of connectors) {
    if (http.url === null) continue;
    const account = accounts.get(http.budget.account) ?? { limits: http.budget, connectors: [] };
    account.connectors.push(id);
    accounts.set(http.budget.account, account);
  }
  return [...accounts.values()];
}

/** What is used of the slots, the minute or the day, whichever is most: 0 to 1. */
export function budgetUsedRatio(limits: BudgetLimits, status: BudgetStatus): number {
  const parts = [
    [status.usedLastMinute, status.allowedPerMinute],
    [status.usedToday, limits.requestsPerDay],
    [status.inUse, limits.concurrency],
  ] as const;
  return Math.min(1, Math.max(...parts.map(([used, limit]) => (limit === null ? 0 : used / limit))));
}
