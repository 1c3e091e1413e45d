export * from './dates.ts';
export * from './periods.ts';
export * from './wall-day.ts';
export * from './zones.ts';
