/** The store's port, one file an aggregate. */
export type * from './digests.ts';
export type * from './pulls.ts';
export type * from './samples.ts';
export type * from './store.ts';
export type * from './value.ts';
export type * from './work.ts';
