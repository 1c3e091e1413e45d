import { type BudgetAccount, type BudgetStatus, budgetAccounts, budgetUsedRatio } from '#kit';
import type { App } from './app.ts';

export { budgetView } from '#src/api/budget-view';

export interface BudgetStanding extends BudgetAccount {
  status: BudgetStatus;
}

/** How the accounts of the configuration stand; all of them, or those of these ids. */
export async function readBudgets(
  { config, store }: Pick<App, 'config' | 'store'>,
  ids?: readonly string[],
): Promise<BudgetStanding[]> {
  const accounts = budgetAccounts(config).filter(({ limits }) => ids?.includes(limits.account) ?? true);
  const statuses = await store.budgets.list(accounts.map(({ limits }) => limits));
  return accounts.flatMap((account) => {
    const status = statuses.find((each) => each.account === account.limits.account);
    return status === undefined ? [] : [{ ...account, status }];
  });
}

/** The gauges of the budgets, out of what the whole fleet has written. */
export async function recordBudgets(app: Pick<App, 'config' | 'store' | 'metrics'>): Promise<void> {
  const { metrics } = app;
  for (const { limits, status } of await readBudgets(app)) {
    const { account } = limits;
    metrics.gauge('budget_used_ratio', { account }, budgetUsedRatio(limits, status));
    metrics.gauge('budget_in_use', { account }, status.inUse);
    metrics.gauge('budget_waiting', { account, purpose: 'live' }, status.waitingLive);
    metrics.gauge('budget_waiting', { account, purpose: 'backfill' }, status.waitingBackfill);
    metrics.gauge('budget_blocked', { account }, status.blockedUntilMs === null ? 0 : 1);
  }
}
