import { z } from 'zod';
import type { ScheduleRepository } from '#kit';
import { instant, type StoreContext, sql, storable } from './context.ts';

/** How long a scheduler that was not seen any more is remembered. */
const KEPT_MS = 30 * 86_400_000;

const versionSchema = z.object({
  schedule: z.string(),
  sinceMs: z.number(),
  untilMs: z.number().nullable(),
  cron: z.string(),
  timeZone: z.string(),
  ended: z.enum(['changed', 'left']).nullable(),
});
const pauseSchema = z.object({
  schedule: z.string(),
  sinceMs: z.number(),
  untilMs: z.number().nullable(),
  pausedBy: z.string(),
  reason: z.string().nullable(),
  resumedAtMs: z.number().nullable(),
  resumedBy: z.string().nullable(),
});
const instanceSchema = z.object({
  instance: z.string(),
  startedAtMs: z.number(),
  seenAtMs: z.number(),
  stoppedAtMs: z.number().nullable(),
});
const versionColumns = sql.fragment`
  schedule, since AS "sinceMs", until AS "untilMs", cron, time_zone AS "timeZone", ended`;

export function createScheduleRepository({ connection }: StoreContext): ScheduleRepository {
  return {
    async versions(schedule) {
      return [
        ...(await connection.any(sql.type(versionSchema)`
          SELECT ${versionColumns} FROM schedule_version WHERE schedule = ${schedule} ORDER BY since DESC`)),
      ];
    },

    async currentVersions() {
      return [
        ...(await connection.any(sql.type(versionSchema)`
          SELECT ${versionColumns} FROM schedule_version WHERE until IS NULL ORDER BY schedule`)),
      ];
    },

    async beginVersion({ schedule, sinceMs, cron, timeZone }) {
      const { rowCount } = await connection.query(sql.unsafe`
        INSERT INTO schedule_version (schedule, since, cron, time_zone)
        VALUES (${schedule}, ${instant(sinceMs)}, ${cron}, ${timeZone})
        ON CONFLICT DO NOTHING`);
      return rowCount > 0;
    },

    async endVersion(schedule, { untilMs, ended }) {
      // A clock that was put back must not end it before it began.
      await connection.query(sql.unsafe`
        UPDATE schedule_version SET until = greatest(since, ${instant(untilMs)}), ended = ${ended}
        WHERE schedule = ${schedule} AND until IS NULL`);
    },

    async pauses({ schedule, sinceMs }) {
      const bySchedule = schedule === undefined ? sql.fragment`true` : sql.fragment`schedule = ${schedule}`;
      const byTime =
        sinceMs === undefined
          ? sql.fragment`true`
          : sql.fragment`coalesce(least(resumed_at, until) > ${instant(sinceMs)}, true)`;
      return [
        ...(await connection.any(sql.type(pauseSchema)`
          SELECT schedule, since AS "sinceMs", until AS "untilMs", paused_by AS "pausedBy", reason,
            resumed_at AS "resumedAtMs", resumed_by AS "resumedBy"
          FROM schedule_pause WHERE ${bySchedule} AND ${byTime} ORDER BY since DESC, id DESC`)),
      ];
    },

    async pause({ schedule, sinceMs, untilMs, pausedBy, reason }) {
      await connection.query(sql.unsafe`
        INSERT INTO schedule_pause (schedule, since, until, paused_by, reason)
        VALUES (${schedule}, ${instant(sinceMs)}, ${instant(untilMs)}, ${storable(pausedBy)}, ${storable(reason)})`);
    },

    async resume(schedule, { atMs, by }) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE schedule_pause SET resumed_at = greatest(since, ${instant(atMs)}), resumed_by = ${storable(by)}
        WHERE schedule = ${schedule} AND resumed_at IS NULL AND (until IS NULL OR until > ${instant(atMs)})`);
      return rowCount > 0;
    },

    async seen({ instance, startedAtMs, seenAtMs, stoppedAtMs }) {
      // Each start makes a row: those of the last month explain what happened, older ones nothing any more.
      await connection.query(sql.unsafe`
        WITH forgotten AS (DELETE FROM scheduler_instance WHERE seen_at < ${instant(seenAtMs - KEPT_MS)} AND instance <> ${instance})
        INSERT INTO scheduler_instance (instance, started_at, seen_at, stopped_at)
        VALUES (${instance}, ${instant(startedAtMs)}, ${instant(seenAtMs)}, ${instant(stoppedAtMs)})
        ON CONFLICT (instance) DO UPDATE
          SET started_at = EXCLUDED.started_at, seen_at = EXCLUDED.seen_at, stopped_at = EXCLUDED.stopped_at`);
    },

    async schedulers({ sinceMs, limit }) {
      return [
        ...(await connection.any(sql.type(instanceSchema)`
          SELECT instance, started_at AS "startedAtMs", seen_at AS "seenAtMs", stopped_at AS "stoppedAtMs"
          FROM scheduler_instance WHERE seen_at >= ${instant(sinceMs)} ORDER BY seen_at DESC LIMIT ${limit}`)),
      ];
    },
  };
}
