/** The store's port, one file an aggregate. */
export * from './digests.ts';
export * from './pulls.ts';
export * from './samples.ts';
export * from './store.ts';
export * from './value.ts';
export * from './work.ts';
