/** Local dates, periods by cadence, time zones and durations. */
export * from './dates.ts';
export * from './durations.ts';
export * from './periods.ts';
export * from './zones.ts';
