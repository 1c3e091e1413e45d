export * from './dates.ts';
export * from './fiscal.ts';
export * from './fiscal-table.ts';
export * from './periods.ts';
export * from './wall-day.ts';
export * from './zones.ts';
