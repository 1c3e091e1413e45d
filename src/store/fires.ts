import { z } from 'zod';
import { type FireRecord, type FireRepository, fireOutcomes, type JobState, type NewFire } from '#kit';
import { instant, type StoreContext, sql, storable } from './context.ts';

const jobStates = [
  'pending',
  'published',
  'running',
  'succeeded',
  'failed',
  'collapsed',
  'cancelled',
] as const satisfies readonly JobState[];
const fireSchema = z.object({
  schedule: z.string(),
  slot: z.string(),
  slotAtMs: z.number(),
  outcome: z.enum(fireOutcomes),
  reason: z.string().nullable(),
  instance: z.string(),
  jobId: z.string().nullable(),
  delayMs: z.number(),
  firedAtMs: z.number(),
  jobState: z.enum(jobStates).nullable(),
});
const slotSchema = z.object({ slot: z.string() });

/** The first release marked a new schedule by a row in place of a slot. */
const isSlot = sql.fragment`slot <> 'first seen'`;

export function createFireRepository(context: StoreContext): FireRepository {
  const { connection } = context;
  const now = () => instant(context.clock.nowMs());

  async function claimAll(rows: readonly NewFire[]): Promise<string[]> {
    const json = JSON.stringify(rows.map((row) => ({ ...row, reason: storable(row.reason) })));
    return [
      ...(await connection.anyFirst(sql.type(slotSchema)`
        INSERT INTO fire (schedule, slot, slot_at, outcome, reason, instance, delay_ms, fired_at)
        SELECT schedule, slot, to_timestamp("slotAtMs" / 1000), outcome, reason, instance, coalesce("delayMs", 0), ${now()}
        FROM json_to_recordset(${json}::json) AS row (schedule text, slot text, "slotAtMs" double precision, outcome text,
          reason text, instance text, "delayMs" bigint)
        ON CONFLICT (schedule, slot) DO NOTHING
        RETURNING slot`)),
    ];
  }

  return {
    claimAll,

    /** Within a transaction a second caller waits until the first one commits, and wins when that one rolls back. */
    claim: async (row) => (await claimAll([row])).length > 0,

    async attachJob(schedule, slot, jobId) {
      await connection.query(sql.unsafe`
        UPDATE fire SET job_id = ${jobId} WHERE schedule = ${schedule} AND slot = ${slot}`);
    },

    async list({ schedule, slot, outcome, limit }) {
      const conditions = [
        isSlot,
        ...(schedule === undefined ? [] : [sql.fragment`schedule = ${schedule}`]),
        ...(slot === undefined ? [] : [sql.fragment`starts_with(slot, ${slot})`]),
        ...(outcome === undefined ? [] : [sql.fragment`outcome = ${outcome}`]),
      ];
      const rows: readonly FireRecord[] = await connection.any(sql.type(fireSchema)`
        SELECT f.schedule, f.slot, f.slot_at AS "slotAtMs", f.outcome, f.reason, f.instance, f.job_id AS "jobId",
          f.delay_ms AS "delayMs", f.fired_at AS "firedAtMs", o.state AS "jobState"
        FROM (
          SELECT * FROM fire WHERE ${sql.join(conditions, sql.fragment` AND `)}
          ORDER BY slot_at DESC, schedule, slot DESC LIMIT ${limit}
        ) f
        LEFT JOIN outbox o ON o.id = f.job_id
        ORDER BY f.slot_at DESC, f.schedule, f.slot DESC`);
      return [...rows];
    },

    async newestSlotMs(schedule) {
      return await connection.oneFirst(sql.type(z.object({ newest: z.number().nullable() }))`
        SELECT max(slot_at) AS newest FROM fire WHERE schedule = ${schedule} AND outcome <> 'manual'`);
    },

    async slotsBetween(schedule, fromMs, toMs) {
      return [
        ...(await connection.anyFirst(sql.type(slotSchema)`
          SELECT slot FROM fire
          WHERE schedule = ${schedule} AND slot_at > ${instant(fromMs)} AND slot_at <= ${instant(toMs)} AND ${isSlot}`)),
      ];
    },
  };
}
