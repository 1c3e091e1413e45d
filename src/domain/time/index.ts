export * from './dates.ts';
export * from './periods.ts';
export * from './zones.ts';
