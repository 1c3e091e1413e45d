import { z } from 'zod';
import type { OutboxRepository, OutboxRow } from '#kit';
import { instant, json, requireTransaction, type StoreContext, sql, storable } from './context.ts';

const states = ['pending', 'published', 'running', 'succeeded', 'failed', 'collapsed', 'cancelled'] as const;

const outboxSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    version: z.number(),
    queue: z.enum(['pull', 'compute', 'report', 'delivery']),
    args: z.unknown(),
    dedupeKey: z.string().nullable(),
    notBeforeMs: z.number().nullable(),
    cause: z.string(),
    parentId: z.string().nullable(),
    state: z.enum(states),
    attempts: z.number(),
    progressDone: z.number().nullable(),
    progressTotal: z.number().nullable(),
    result: z.unknown(),
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
    createdAtMs: z.number(),
    publishedAtMs: z.number().nullable(),
    startedAtMs: z.number().nullable(),
    acknowledgedAtMs: z.number().nullable(),
  })
  .transform(
    ({ progressDone, progressTotal, ...row }): OutboxRow => ({
      ...row,
      args: row.args,
      result: row.result,
      progress: progressDone === null || progressTotal === null ? null : { done: progressDone, total: progressTotal },
    }),
  );
const columns = sql.fragment`
  id, kind, version, queue, args, dedupe_key AS "dedupeKey", not_before AS "notBeforeMs", cause, parent_id AS "parentId",
  state, attempts, progress_done AS "progressDone", progress_total AS "progressTotal", result, error_code AS "errorCode",
  error_message AS "errorMessage", created_at AS "createdAtMs", published_at AS "publishedAtMs",
  started_at AS "startedAtMs", acknowledged_at AS "acknowledgedAtMs"`;
const idSchema = z.object({ id: z.string() });
const notStarted = sql.fragment`state IN ('pending', 'published') AND started_at IS NULL`;

/**
 * States: pending → published → running → succeeded | failed; an attempt that will be repeated goes back to published.
 * Ended states stay: a second run of the same job (delivery is at least once) changes nothing of a success,
 * a collapse or a cancellation. Only a failure can be run again.
 */
export function createOutboxRepository(context: StoreContext): OutboxRepository {
  const { connection, clock } = context;
  const now = () => instant(clock.nowMs());
  return {
    async enqueue(intent) {
      const { version, queue, args, dedupeKey } = context.resolver.resolve(intent);
      return await connection.one(sql.type(outboxSchema)`
        INSERT INTO outbox (id, kind, version, queue, args, dedupe_key, not_before, cause, parent_id, created_at)
        VALUES (${context.newId()}, ${intent.kind}, ${version}, ${queue}, ${json(args)}::json, ${dedupeKey},
          ${instant(intent.notBeforeMs ?? null)}, ${intent.cause}, ${intent.parentId ?? null}, ${now()})
        RETURNING ${columns}`);
    },

    async claimUnpublished(limit) {
      requireTransaction(context, 'claiming intents');
      return [
        ...(await connection.any(sql.type(outboxSchema)`
          SELECT ${columns} FROM outbox
          WHERE state = 'pending' AND (not_before IS NULL OR not_before <= ${now()})
          ORDER BY seq
          LIMIT ${limit}
          FOR UPDATE SKIP LOCKED`)),
      ];
    },

    async markPublished(ids) {
      await connection.query(sql.unsafe`
        UPDATE outbox SET state = 'published', published_at = ${now()}
        WHERE id = ANY(${sql.array(ids, 'text')}) AND state = 'pending'`);
    },

    async resetUnacknowledged() {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE outbox SET state = 'pending', published_at = NULL, started_at = NULL
        WHERE state IN ('published', 'running')`);
      return rowCount;
    },

    async started(id, attempt) {
      await connection.query(sql.unsafe`
        UPDATE outbox
        SET state = 'running', attempts = ${attempt}, started_at = coalesce(started_at, ${now()}), acknowledged_at = NULL
        WHERE id = ${id} AND state IN ('pending', 'published', 'running', 'failed')`);
    },

    async progress(id, done, total) {
      await connection.query(sql.unsafe`
        UPDATE outbox SET progress_done = ${done}, progress_total = ${total} WHERE id = ${id} AND state = 'running'`);
    },

    async succeeded(id, result) {
      await connection.query(sql.unsafe`
        UPDATE outbox
        SET state = 'succeeded', result = ${json(result)}::json, error_code = NULL, error_message = NULL,
          acknowledged_at = ${now()}
        WHERE id = ${id} AND state IN ('pending', 'published', 'running', 'failed')`);
    },

    async failed(id, error) {
      await connection.query(sql.unsafe`
        UPDATE outbox
        SET state = ${error.final ? 'failed' : 'published'}, error_code = ${error.code},
          error_message = ${storable(error.message)}, acknowledged_at = ${error.final ? now() : sql.fragment`NULL`}
        WHERE id = ${id} AND state IN ('pending', 'published', 'running')`);
    },

    async waiting(kind, dedupeKey) {
      return [
        ...(await connection.anyFirst(sql.type(idSchema)`
          SELECT id FROM outbox WHERE kind = ${kind} AND dedupe_key = ${dedupeKey} AND ${notStarted}
            AND (not_before IS NULL OR not_before <= ${now()})
          ORDER BY seq`)),
      ];
    },

    async collapse(intoId, ids) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE outbox
        SET state = 'collapsed', result = ${json({ collapsedInto: intoId })}::json, acknowledged_at = ${now()}
        WHERE id = ANY(${sql.array(ids, 'text')}) AND id <> ${intoId} AND ${notStarted}`);
      return rowCount;
    },

    async unpublish(ids) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE outbox SET state = 'pending', published_at = NULL, started_at = NULL
        WHERE id = ANY(${sql.array(ids, 'text')}) AND state IN ('published', 'running')`);
      return rowCount;
    },

    /** False when it had ended already, or never was. */
    async cancel(id) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE outbox SET state = 'cancelled', acknowledged_at = ${now()}
        WHERE id = ${id} AND state IN ('pending', 'published', 'running')`);
      return rowCount > 0;
    },

    async get(id) {
      return await connection.maybeOne(sql.type(outboxSchema)`SELECT ${columns} FROM outbox WHERE id = ${id}`);
    },

    async list({ state, kind, limit }) {
      const byState = state === undefined ? sql.fragment`true` : sql.fragment`state = ${state}`;
      const byKind = kind === undefined ? sql.fragment`true` : sql.fragment`kind = ${kind}`;
      return [
        ...(await connection.any(sql.type(outboxSchema)`
          SELECT ${columns} FROM outbox WHERE ${byState} AND ${byKind} ORDER BY seq DESC LIMIT ${limit}`)),
      ];
    },

    async openCount() {
      return await connection.oneFirst(sql.type(z.object({ open: z.number() }))`
        SELECT count(*) AS open FROM outbox WHERE acknowledged_at IS NULL`);
    },
  };
}
