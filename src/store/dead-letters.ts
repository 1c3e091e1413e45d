import { z } from 'zod';
import type { DeadLetterRepository } from '#kit';
import { instant, json, type StoreContext, sql, storable } from './context.ts';
import { idPrefix } from './id-prefix.ts';

const deadLetterSchema = z
  .object({
    id: z.string(),
    jobId: z.string(),
    kind: z.string(),
    version: z.number(),
    args: z.unknown(),
    cause: z.string(),
    parentId: z.string().nullable(),
    errorCode: z.string(),
    errorMessage: z.string(),
    stack: z.string().nullable(),
    attempts: z.number(),
    firstFailedAtMs: z.number(),
    lastFailedAtMs: z.number(),
    state: z.enum(['open', 'replaying', 'succeeded', 'cancelled', 'discarded']),
    replays: z.number(),
    replayedAtMs: z.number().nullable(),
    replayedBy: z.string().nullable(),
    discardedAtMs: z.number().nullable(),
    discardedBy: z.string().nullable(),
    discardReason: z.string().nullable(),
  })
  .transform((row) => ({ ...row, args: row.args }));
/** What the job does now decides; a letter whose job is not kept any more stays open until it is discarded. */
const state = sql.fragment`
  CASE
    WHEN o.state IN ('succeeded', 'collapsed') THEN 'succeeded'
    WHEN d.discarded_at IS NOT NULL THEN 'discarded'
    WHEN o.state = 'cancelled' THEN 'cancelled'
    WHEN o.state IN ('pending', 'published', 'running') THEN 'replaying'
    ELSE 'open'
  END`;
const letters = sql.fragment`
  SELECT d.id, d.job_id AS "jobId", d.kind, d.version, d.args, d.cause, d.parent_id AS "parentId", d.error_code AS "errorCode",
    d.error_message AS "errorMessage", d.stack, d.attempts, d.first_failed_at AS "firstFailedAtMs",
    d.last_failed_at AS "lastFailedAtMs", ${state} AS state, d.replays, d.replayed_at AS "replayedAtMs",
    d.replayed_by AS "replayedBy", d.discarded_at AS "discardedAtMs", d.discarded_by AS "discardedBy",
    d.discard_reason AS "discardReason"
  FROM dead_letter d LEFT JOIN outbox o ON o.id = d.job_id`;
const newestFirst = sql.fragment`ORDER BY d.last_failed_at DESC, d.seq DESC`;
const all = sql.fragment`true`;

export function createDeadLetterRepository(context: StoreContext): DeadLetterRepository {
  const { connection } = context;
  const now = () => instant(context.clock.nowMs());
  const repository: DeadLetterRepository = {
    list: (limit) => repository.search({ limit }),

    /**
     * One row for each job: one that fails again after a replay keeps its first failure and takes the newest cause.
     * Two hosts' clocks may differ: a last failure before the first counts as being at the same time.
     */
    async record(row) {
      await connection.query(sql.unsafe`
        INSERT INTO dead_letter AS d (id, job_id, kind, version, args, cause, parent_id, error_code, error_message, stack,
          attempts, first_failed_at, last_failed_at)
        VALUES (${context.newId()}, ${row.jobId}, ${row.kind},
          coalesce((SELECT version FROM outbox WHERE id = ${row.jobId}), 1), ${json(row.args)}::json,
          coalesce((SELECT cause FROM outbox WHERE id = ${row.jobId}), ''),
          (SELECT parent_id FROM outbox WHERE id = ${row.jobId}), ${row.errorCode}, ${storable(row.errorMessage)},
          ${storable(row.stack)}, ${row.attempts}, ${instant(row.firstFailedAtMs)},
          greatest(${instant(row.firstFailedAtMs)}, ${instant(row.lastFailedAtMs)}))
        ON CONFLICT (job_id) DO UPDATE
        SET error_code = excluded.error_code, error_message = excluded.error_message, stack = excluded.stack,
          attempts = excluded.attempts, last_failed_at = greatest(d.last_failed_at, excluded.last_failed_at),
          first_failed_at = least(d.first_failed_at, excluded.first_failed_at),
          discarded_at = NULL, discarded_by = NULL, discard_reason = NULL`);
    },

    async search({ state: wanted, kind, code, sinceMs, afterId, limit }) {
      return [
        ...(await connection.any(sql.type(deadLetterSchema)`
          ${letters}
          WHERE ${wanted === undefined ? all : sql.fragment`${state} = ${wanted}`}
            AND ${kind === undefined ? all : sql.fragment`d.kind = ${kind}`}
            AND ${code === undefined ? all : sql.fragment`d.error_code = ${code}`}
            AND ${sinceMs === undefined ? all : sql.fragment`d.last_failed_at >= ${instant(sinceMs)}`}
            AND ${
              afterId === undefined
                ? all
                : sql.fragment`(d.last_failed_at, d.seq) < (SELECT last_failed_at, seq FROM dead_letter WHERE id = ${afterId})`
            }
          ${newestFirst} LIMIT ${limit}`)),
      ];
    },

    async count(wanted) {
      return await connection.oneFirst(sql.type(z.object({ count: z.number() }))`
        SELECT count(*) AS count FROM dead_letter d LEFT JOIN outbox o ON o.id = d.job_id WHERE ${state} = ${wanted}`);
    },

    async find(prefix, limit) {
      const like = idPrefix(prefix);
      if (like === null) return [];
      return [
        ...(await connection.any(sql.type(deadLetterSchema)`
          ${letters} WHERE d.job_id LIKE ${like} OR d.id LIKE ${like} ${newestFirst} LIMIT ${limit}`)),
      ];
    },

    async replayed(jobId, by) {
      await connection.query(sql.unsafe`
        UPDATE dead_letter
        SET replays = replays + 1, replayed_at = ${now()}, replayed_by = ${by}, discarded_at = NULL, discarded_by = NULL,
          discard_reason = NULL
        WHERE job_id = ${jobId}`);
    },

    async discard(jobId, by, reason) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE dead_letter SET discarded_at = ${now()}, discarded_by = ${by}, discard_reason = ${storable(reason)}
        WHERE id IN (
          SELECT d.id FROM dead_letter d LEFT JOIN outbox o ON o.id = d.job_id
          WHERE d.job_id = ${jobId} AND ${state} = 'open')`);
      return rowCount > 0;
    },
  };
  return repository;
}
