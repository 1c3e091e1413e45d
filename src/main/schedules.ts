import { hostname } from 'node:os';
import type { ScheduleAdmin } from '#kit';
import { createScheduleAdmin } from '#src/schedule/index';
import { type App, clock } from './app.ts';

export { explanationView, fireView, pauseView, scheduleView } from '#src/api/schedule-view';
export { localText, readUntil } from '#src/schedule/index';

/** What people ask of the configured schedules and do with them. */
export const scheduleAdmin = (app: Pick<App, 'config' | 'store'>): ScheduleAdmin =>
  createScheduleAdmin({
    schedules: app.config.schedules,
    store: app.store,
    clock,
    instance: `${hostname()}:${process.pid}`,
  });
