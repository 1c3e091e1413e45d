import type { ScheduleConfig, SubscriptionConfig } from '#kit';
import type { ScheduleTimes } from './schema/schedule.ts';
import type { CheckedSections } from './sections.ts';

/** When few others ask for anything. */
const RETENTION: ScheduleTimes = { cron: '40 3 * * *', catchUp: 'latest', maxRandomDelay: 30 * 60_000 };

/**
 * Every schedule there is: the shorthands of streams and subscriptions as `pull:<connector>.<stream>` and
 * `digest:<subscription>`, retention's as `retention:pages` (the colon keeps them apart from ids that people write), then those written as schedules.
 */
export function buildSchedules(
  sections: CheckedSections,
  subscriptions: readonly SubscriptionConfig[],
  timeZone: string,
): ScheduleConfig[] {
  const pulls = sections.connectors.flatMap(({ id: connector, value }) =>
    [...value.schedules].map(([stream, { times }]) =>
      buildSchedule(`pull:${connector}.${stream}`, times, timeZone, { kind: 'pull', args: { connector, stream } }),
    ),
  );
  const digests = sections.subscriptions.flatMap(({ id, value }) => {
    const zone = subscriptions.find((subscription) => subscription.id === id)?.timeZone ?? timeZone;
    const job = { kind: 'send-digest', args: { subscription: id } };
    return value.schedule === undefined ? [] : [buildSchedule(`digest:${id}`, value.schedule, zone, job)];
  });
  const retention =
    sections.settings?.value.retention === undefined
      ? []
      : [buildSchedule('retention:pages', RETENTION, timeZone, { kind: 'prune-pages', args: {} })];
  const others = sections.schedules.map(({ id, value }) => buildSchedule(id, value, timeZone, value.job));
  return [...pulls, ...digests, ...retention, ...others];
}

const buildSchedule = (
  id: string,
  times: ScheduleTimes,
  timeZone: string,
  job: ScheduleConfig['job'],
): ScheduleConfig => ({
  id,
  cron: times.cron,
  timeZone: times.timeZone ?? timeZone,
  catchUp: times.catchUp,
  maxRandomDelayMs: times.maxRandomDelay,
  job,
});
