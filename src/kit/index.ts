/** Contracts between the parts: what a connector, a job and each port is, and the errors that they may throw. */
export * from './config.ts';
export * from './connector.ts';
export * from './duration.ts';
export * from './errors.ts';
export * from './job.ts';
export * from './ports.ts';
export * from './redact.ts';
export * from './store.ts';
