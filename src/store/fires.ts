import { z } from 'zod';
import type { FireRepository } from '#kit';
import { instant, type StoreContext, sql } from './context.ts';

const fireSchema = z.object({
  schedule: z.string(),
  slot: z.string(),
  slotAtMs: z.number(),
  outcome: z.enum(['fired', 'late', 'skipped', 'caught-up', 'manual']),
  reason: z.string().nullable(),
  instance: z.string(),
  jobId: z.string().nullable(),
  firedAtMs: z.number(),
});
const columns = sql.fragment`
  schedule, slot, slot_at AS "slotAtMs", outcome, reason, instance, job_id AS "jobId", fired_at AS "firedAtMs"`;

export function createFireRepository(context: StoreContext): FireRepository {
  const { connection } = context;
  return {
    /** Within a transaction a second caller waits until the first one commits, and wins when that one rolls back. */
    async claim(row) {
      const { rowCount } = await connection.query(sql.unsafe`
        INSERT INTO fire (schedule, slot, slot_at, outcome, reason, instance, fired_at)
        VALUES (${row.schedule}, ${row.slot}, ${instant(row.slotAtMs)}, ${row.outcome}, ${row.reason}, ${row.instance},
          ${instant(context.clock.nowMs())})
        ON CONFLICT (schedule, slot) DO NOTHING`);
      return rowCount > 0;
    },

    async attachJob(schedule, slot, jobId) {
      await connection.query(sql.unsafe`
        UPDATE fire SET job_id = ${jobId} WHERE schedule = ${schedule} AND slot = ${slot}`);
    },

    /** By the slot's instant, newest first. */
    async list({ schedule, limit }) {
      const bySchedule = schedule === undefined ? sql.fragment`true` : sql.fragment`schedule = ${schedule}`;
      return [
        ...(await connection.any(sql.type(fireSchema)`
          SELECT ${columns} FROM fire WHERE ${bySchedule} ORDER BY slot_at DESC, schedule LIMIT ${limit}`)),
      ];
    },
  };
}
