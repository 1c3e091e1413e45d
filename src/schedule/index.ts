/** Schedules: node-cron rings, the fire ledger in PostgreSQL decides who fires and what becomes of missed slots. */
export { createScheduleAdmin } from './admin.ts';
export { localText, readUntil } from './local-text.ts';
export { missedSlots } from './missed.ts';
export { createScheduler, type Scheduler } from './scheduler.ts';
export { shortestIntervalMs, validateCron } from './slots.ts';
