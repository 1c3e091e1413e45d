/** Contracts between the parts: what a connector, a job and each port is, and the errors that they may throw. */
export * from './compose-digest.ts';
export * from './config.ts';
export * from './connector.ts';
export * from './duration.ts';
export * from './errors.ts';
export * as fields from './fields.ts';
export * from './finance-cases.ts';
export * from './job.ts';
export * from './nearest.ts';
export * from './ports.ts';
export * from './redact.ts';
export * from './roi-input.ts';
export * from './row-mapping.ts';
export * from './row-schema.ts';
export * from './row-values.ts';
export * from './store.ts';
export * from './unit-conversion.ts';
export * from './units.ts';
