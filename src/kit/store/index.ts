/** The store's port, one file an aggregate. */
export type * from './backfills.ts';
export type * from './budgets.ts';
export type * from './dead-letters.ts';
export type * from './digests.ts';
export type * from './fires.ts';
export type * from './fx.ts';
export type * from './job-runs.ts';
export type * from './job-search.ts';
export type * from './missing-work.ts';
export type * from './outbox.ts';
export type * from './projects.ts';
export type * from './pulls.ts';
export type * from './samples.ts';
export type * from './schedules.ts';
export type * from './store.ts';
export type * from './value.ts';
export type * from './work-in-hand.ts';
