import type { BudgetLimits, SourceLimits } from '#kit';
import { isEmpty, type Located, nodeAt } from './located.ts';
import type { BudgetInput } from './schema/account.ts';

/** Where each limit is written. */
const PLACES: readonly (readonly [keyof SourceLimits, readonly string[]])[] = [
  ['timeoutMs', ['timeout']],
  ['concurrency', ['budget', 'concurrency']],
  ['requestsPerMinute', ['budget', 'requestsPerMinute']],
  ['requestsPerDay', ['budget', 'requestsPerDay']],
];

/** What the kind knows of the vendor's limits, without those that the operator wrote, here or for an account. */
export function unwrittenLimits(limits: SourceLimits, node: Located): SourceLimits {
  const isWritten = (path: readonly string[]): boolean => {
    const found = nodeAt(node, path);
    return found !== undefined && !isEmpty(found);
  };
  const kept = PLACES.filter(
    ([name, path]) =>
      limits[name] !== undefined && !isWritten(path) && !(path[0] === 'budget' && isWritten(['account'])),
  );
  return Object.fromEntries(kept.map(([name]) => [name, limits[name]]));
}

/** What is written or usual, with the vendor's limits in their places. */
export const withLimits = (budget: BudgetInput, limits: SourceLimits): BudgetInput => ({
  ...budget,
  concurrency: limits.concurrency ?? budget.concurrency,
  requestsPerMinute: limits.requestsPerMinute ?? budget.requestsPerMinute,
  requestsPerDay: limits.requestsPerDay ?? budget.requestsPerDay,
});

export const defaultBudget: BudgetInput = { concurrency: 2, resetsAt: '00:00' };

export const budgetLimits = (account: string, input: BudgetInput, timeZone: string): BudgetLimits => ({
  account,
  requestsPerMinute: input.requestsPerMinute ?? null,
  concurrency: input.concurrency,
  requestsPerDay: input.requestsPerDay ?? null,
  resetsAt: input.resetsAt,
  timeZone: input.timeZone ?? timeZone,
});
