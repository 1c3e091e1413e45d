import { z } from 'zod';
import type { DeadLetterRepository } from '#kit';
import { instant, json, type StoreContext, sql, storable } from './context.ts';

const deadLetterSchema = z
  .object({
    id: z.string(),
    jobId: z.string(),
    kind: z.string(),
    args: z.unknown(),
    errorCode: z.string(),
    errorMessage: z.string(),
    stack: z.string().nullable(),
    attempts: z.number(),
    firstFailedAtMs: z.number(),
    lastFailedAtMs: z.number(),
  })
  .transform((row) => ({ ...row, args: row.args }));

export function createDeadLetterRepository(context: StoreContext): DeadLetterRepository {
  const { connection } = context;
  return {
    /**
     * One row for each job: one that fails again after a replay keeps its first failure and takes the newest cause.
     * Two hosts' clocks may differ: a last failure before the first counts as being at the same time.
     */
    async record(row) {
      await connection.query(sql.unsafe`
        INSERT INTO dead_letter AS d (id, job_id, kind, args, error_code, error_message, stack, attempts,
          first_failed_at, last_failed_at)
        VALUES (${context.newId()}, ${row.jobId}, ${row.kind}, ${json(row.args)}::json, ${row.errorCode},
          ${storable(row.errorMessage)}, ${storable(row.stack)}, ${row.attempts}, ${instant(row.firstFailedAtMs)},
          greatest(${instant(row.firstFailedAtMs)}, ${instant(row.lastFailedAtMs)}))
        ON CONFLICT (job_id) DO UPDATE
        SET error_code = excluded.error_code, error_message = excluded.error_message, stack = excluded.stack,
          attempts = excluded.attempts, last_failed_at = greatest(d.last_failed_at, excluded.last_failed_at),
          first_failed_at = least(d.first_failed_at, excluded.first_failed_at)`);
    },

    async list(limit) {
      return [
        ...(await connection.any(sql.type(deadLetterSchema)`
          SELECT id, job_id AS "jobId", kind, args, error_code AS "errorCode", error_message AS "errorMessage", stack,
            attempts, first_failed_at AS "firstFailedAtMs", last_failed_at AS "lastFailedAtMs"
          FROM dead_letter ORDER BY last_failed_at DESC, seq DESC LIMIT ${limit}`)),
      ];
    },
  };
}
