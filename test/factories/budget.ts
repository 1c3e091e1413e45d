import type { BudgetLimits } from '#kit';

/** Limits that hold nobody up but for what a test says. */
export const budget = (changes: Partial<BudgetLimits> = {}): BudgetLimits => ({
  account: 'connector:shop',
  requestsPerMinute: null,
  concurrency: 4,
  requestsPerDay: null,
  resetsAt: '00:00',
  timeZone: 'UTC',
  ...changes,
});
