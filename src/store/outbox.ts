import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { type JobFence, jobPriorities, type OutboxRepository, type OutboxRow, queueNames } from '#kit';
import { atomically, instant, json, requireTransaction, type StoreContext, sql, storable } from './context.ts';

const states = ['pending', 'published', 'running', 'succeeded', 'failed', 'collapsed', 'cancelled'] as const;

export const outboxSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    version: z.number(),
    queue: z.enum(queueNames),
    args: z.unknown(),
    dedupeKey: z.string().nullable(),
    priority: z.enum(jobPriorities),
    notBeforeMs: z.number().nullable(),
    replays: z.number(),
    traceParent: z.string().nullable(),
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
export const columns = sql.fragment`
  id, kind, version, queue, args, dedupe_key AS "dedupeKey", priority, not_before AS "notBeforeMs", replays,
  trace_parent AS "traceParent", cause, parent_id AS "parentId",
  state, attempts, progress_done AS "progressDone", progress_total AS "progressTotal", result, error_code AS "errorCode",
  error_message AS "errorMessage", created_at AS "createdAtMs", published_at AS "publishedAtMs",
  started_at AS "startedAtMs", acknowledged_at AS "acknowledgedAtMs"`;
const idSchema = z.object({ id: z.string() });
const isNewest = ({ jobId, token }: JobFence) => sql.fragment`
  EXISTS (SELECT FROM job_fence WHERE job_id = ${jobId} AND token = ${token} FOR SHARE)`;
const notStarted = sql.fragment`state IN ('pending', 'published') AND started_at IS NULL`;

/**
 * States: pending → published → running → succeeded | failed; an attempt that will be repeated goes back to published.
 * Ended states stay: a second run of the same job (delivery is at least once) changes nothing of them. Only a failure can
 * be taken back, by `replay`.
 */
export function createOutboxRepository(context: StoreContext): OutboxRepository {
  const { connection, clock } = context;
  const now = () => instant(clock.nowMs());
  return {
    async enqueue(intent) {
      const { version, queue, args, dedupeKey, priority } = context.resolver.resolve(intent);
      return await connection.one(sql.type(outboxSchema)`
        INSERT INTO outbox (id, kind, version, queue, args, dedupe_key, priority, not_before, trace_parent, cause,
          parent_id, created_at)
        VALUES (${context.newId()}, ${intent.kind}, ${version}, ${queue}, ${json(args)}::json, ${dedupeKey},
          ${intent.priority ?? priority}, ${instant(intent.notBeforeMs ?? null)}, ${context.traceParent()}, ${intent.cause}, ${intent.parentId ?? null}, ${now()})
        RETURNING ${columns}`);
    },

    async enqueueOrJoin(intent) {
      requireTransaction(context, 'joining an intent');
      const { dedupeKey } = context.resolver.resolve(intent);
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE outbox SET joins = joins + 1
        WHERE id = (
          SELECT id FROM outbox
          WHERE kind = ${intent.kind} AND dedupe_key = ${dedupeKey} AND state = 'pending' AND started_at IS NULL
            AND not_before > ${now()} AND not_before <= ${instant(intent.notBeforeMs)}
          ORDER BY seq LIMIT 1
          FOR UPDATE)`);
      if (rowCount > 0) return { joined: true };
      await this.enqueue(intent);
      return { joined: false };
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

    async started(id, { attempt, instance }) {
      return await atomically(context, async (transaction) => {
        const token = await takeFence(transaction, id);
        const row = await transaction.maybeOne(sql.type(z.object({ replays: z.number() }))`
          UPDATE outbox
          SET state = 'running', attempts = ${attempt}, started_at = coalesce(started_at, ${now()})
          WHERE id = ${id} AND state IN ('pending', 'published', 'running')
          RETURNING replays`);
        if (row === null) return null;
        const crashes = await transaction.oneFirst(sql.type(z.object({ crashes: z.number() }))`
          SELECT count(*) AS crashes FROM job_run
          WHERE job_id = ${id} AND replays = ${row.replays} AND ended_at IS NULL`);
        await transaction.query(sql.unsafe`
          INSERT INTO job_run (job_id, token, replays, attempt, instance, started_at)
          VALUES (${id}, ${token}, ${row.replays}, ${attempt}, ${instance}, ${now()})`);
        return { fence: { jobId: id, token }, crashes };
      });
    },

    async progress(id, done, total) {
      await connection.query(sql.unsafe`
        UPDATE outbox SET progress_done = ${done}, progress_total = ${total} WHERE id = ${id} AND state = 'running'`);
    },

    async succeeded(fence, result) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE outbox
        SET state = 'succeeded', result = ${json(result)}::json, error_code = NULL, error_message = NULL,
          acknowledged_at = ${now()}
        WHERE id = ${fence.jobId} AND state IN ('pending', 'published', 'running') AND ${isNewest(fence)}`);
      return rowCount > 0;
    },

    async failed(fence, error) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE outbox
        SET state = ${error.final ? 'failed' : 'published'}, error_code = ${error.code},
          error_message = ${storable(error.message)}, acknowledged_at = ${error.final ? now() : sql.fragment`NULL`}
        WHERE id = ${fence.jobId} AND state IN ('pending', 'published', 'running') AND ${isNewest(fence)}`);
      return rowCount > 0;
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
        WHERE id = ANY(${sql.array(ids, 'text')}) AND id <> ${intoId} AND ${notStarted} AND joins = 0`);
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
      return await atomically(context, async (transaction) => {
        await takeFence(transaction, id);
        const { rowCount } = await transaction.query(sql.unsafe`
          UPDATE outbox SET state = 'cancelled', acknowledged_at = ${now()}
          WHERE id = ${id} AND state IN ('pending', 'published', 'running')`);
        return rowCount > 0;
      });
    },

    async replay(id) {
      return await atomically(context, async (transaction) => {
        await takeFence(transaction, id);
        const { rowCount } = await transaction.query(sql.unsafe`
          UPDATE outbox
          SET state = 'pending', replays = replays + 1, attempts = 0, published_at = NULL, started_at = NULL,
            acknowledged_at = NULL, progress_done = NULL, progress_total = NULL, result = NULL, error_code = NULL,
            error_message = NULL
          WHERE id = ${id} AND state = 'failed'`);
        return rowCount > 0;
      });
    },

    async explainCancel(id, reason) {
      await connection.query(sql.unsafe`
        UPDATE outbox SET error_code = 'queue/cancelled', error_message = ${storable(reason)}
        WHERE id = ${id} AND state = 'cancelled'`);
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

    async inQueue(afterId, limit) {
      const after =
        afterId === null ? sql.fragment`true` : sql.fragment`seq > (SELECT seq FROM outbox WHERE id = ${afterId})`;
      return [
        ...(await connection.any(sql.type(outboxSchema)`
          SELECT ${columns} FROM outbox
          WHERE acknowledged_at IS NULL AND state IN ('published', 'running') AND ${after}
          ORDER BY seq LIMIT ${limit}`)),
      ];
    },

    async ended(ids) {
      return [
        ...(await connection.anyFirst(sql.type(idSchema)`
          SELECT asked.id FROM unnest(${sql.array(ids, 'text')}) AS asked (id)
          WHERE NOT EXISTS (SELECT FROM outbox o WHERE o.id = asked.id AND o.acknowledged_at IS NULL)`)),
      ];
    },

    async dueCount() {
      return await connection.oneFirst(sql.type(z.object({ due: z.number() }))`
        SELECT count(*) AS due FROM outbox WHERE state = 'pending' AND (not_before IS NULL OR not_before <= ${now()})`);
    },

    async openCount() {
      return await connection.oneFirst(sql.type(z.object({ open: z.number() }))`
        SELECT count(*) AS open FROM outbox WHERE acknowledged_at IS NULL`);
    },
  };
}

/**
 * The next token of a job; waits for a commit that holds the last one. Always taken before the job's own row is touched, as
 * whoever acknowledges does: in two orders they would wait for each other.
 */
function takeFence(connection: CommonQueryMethods, jobId: string): Promise<number> {
  return connection.oneFirst(sql.type(z.object({ token: z.number() }))`
    INSERT INTO job_fence AS f (job_id, token) VALUES (${jobId}, 1)
    ON CONFLICT (job_id) DO UPDATE SET token = f.token + 1
    RETURNING token`);
}
