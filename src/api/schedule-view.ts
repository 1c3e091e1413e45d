import type { FireRecord, SchedulePauseRow, ScheduleView, SlotExplanation } from '#kit';

const instant = (ms: number): string => new Date(ms).toISOString();

/** One line of the fire ledger, as the API and `--json` show it. */
export const fireView = (fire: FireRecord) => ({
  schedule: fire.schedule,
  slot: fire.slot,
  slotAt: instant(fire.slotAtMs),
  outcome: fire.outcome,
  reason: fire.reason,
  /** How long after its time it was settled. */
  latenessMs: Math.max(0, fire.firedAtMs - fire.slotAtMs),
  delayMs: fire.delayMs,
  settledAt: instant(fire.firedAtMs),
  instance: fire.instance,
  job: fire.jobId === null ? null : { id: fire.jobId, state: fire.jobState },
});

export const pauseView = (pause: SchedulePauseRow) => ({
  since: instant(pause.sinceMs),
  until: pause.untilMs === null ? null : instant(pause.untilMs),
  by: pause.pausedBy,
  reason: pause.reason,
});

/** A schedule, as the API and `--json` show it. */
export const scheduleView = (schedule: ScheduleView) => ({
  id: schedule.id,
  cron: schedule.cron,
  inWords: schedule.inWords,
  timeZone: schedule.timeZone,
  catchUp: schedule.catchUp,
  maxRandomDelayMs: schedule.maxRandomDelayMs,
  job: schedule.job,
  next: schedule.next.map(({ local }) => local),
  lastFire: schedule.lastFire === null ? null : fireView(schedule.lastFire),
  paused: schedule.paused === null ? null : pauseView(schedule.paused),
  overdue: schedule.overdue.map(({ slot, atMs }) => ({ slot, at: instant(atMs) })),
});

export const explanationView = ({ atMs, fire, ...explanation }: SlotExplanation) => ({
  ...explanation,
  at: instant(atMs),
  fire: fire === null ? null : fireView(fire),
});
