import { z } from 'zod';
import type { JobSearch } from '#kit';
import { instant, type StoreContext, sql } from './context.ts';
import { idPrefix } from './id-prefix.ts';
import { columns as outboxColumns, outboxSchema } from './outbox.ts';

const all = sql.fragment`true`;
/** A chain of causes is short; a row that names itself as its parent must not keep the database busy for ever. */
const MAX_DEPTH = 50;
const dueAt = sql.fragment`greatest(o.created_at, coalesce(o.not_before, o.created_at))`;
const notBegun = sql.fragment`o.state IN ('pending', 'published')`;
const retrying = sql.fragment`(${notBegun} AND o.attempts > 0 AND o.error_code IS NOT NULL)`;
/** Equal work that runs is waited for rightly. */
const overdue = (beforeMs: number) => sql.fragment`
  (${notBegun} AND NOT ${retrying} AND ${dueAt} < ${instant(beforeMs)}
    AND NOT EXISTS (
      SELECT FROM outbox busy
      WHERE busy.acknowledged_at IS NULL AND busy.kind = o.kind AND busy.dedupe_key = o.dedupe_key AND busy.id <> o.id
        AND (busy.state = 'running' OR (busy.attempts > 0 AND busy.error_code IS NOT NULL))))`;

const summarySchema = z.object({
  running: z.number(),
  waiting: z.number(),
  later: z.number(),
  retrying: z.number(),
  overdue: z.number(),
  oldestDueAtMs: z.number().nullable(),
});

export function createJobSearch({ connection, clock }: StoreContext): JobSearch {
  return {
    async page({ state, kind, sinceMs, overdueBeforeMs, afterId, limit }) {
      return [
        ...(await connection.any(sql.type(outboxSchema)`
          SELECT ${outboxColumns} FROM outbox o
          WHERE ${state === undefined ? all : sql.fragment`o.state = ${state}`}
            AND ${kind === undefined ? all : sql.fragment`o.kind = ${kind}`}
            AND ${sinceMs === undefined ? all : sql.fragment`o.created_at >= ${instant(sinceMs)}`}
            AND ${overdueBeforeMs === undefined ? all : sql.fragment`o.acknowledged_at IS NULL AND ${overdue(overdueBeforeMs)}`}
            AND ${afterId === undefined ? all : sql.fragment`o.seq < (SELECT seq FROM outbox WHERE id = ${afterId})`}
          ORDER BY o.seq DESC LIMIT ${limit}`)),
      ];
    },

    async find(prefix, limit) {
      const like = idPrefix(prefix);
      if (like === null) return [];
      return [
        ...(await connection.any(sql.type(outboxSchema)`
          SELECT ${outboxColumns} FROM outbox WHERE id LIKE ${like} ORDER BY seq DESC LIMIT ${limit}`)),
      ];
    },

    async lineage(id, limit) {
      const ancestors = await connection.any(sql.type(outboxSchema)`
        WITH RECURSIVE up(id, depth) AS (
          SELECT parent_id, 1 FROM outbox WHERE id = ${id} AND parent_id IS NOT NULL
          UNION
          SELECT o.parent_id, up.depth + 1 FROM up JOIN outbox o ON o.id = up.id
          WHERE o.parent_id IS NOT NULL AND up.depth < ${MAX_DEPTH}
        )
        SELECT ${outboxColumns} FROM outbox JOIN (SELECT id AS up_id, min(depth) AS depth FROM up GROUP BY 1) AS chain ON up_id = id
        ORDER BY chain.depth`);
      return { ancestors: [...ancestors], descendants: await descendants([id], limit) };
    },

    descendants,

    async ofKey(kind, dedupeKey, limit) {
      return [
        ...(await connection.any(sql.type(outboxSchema)`
          SELECT ${outboxColumns} FROM outbox WHERE kind = ${kind} AND dedupe_key = ${dedupeKey} ORDER BY seq DESC LIMIT ${limit}`)),
      ];
    },

    async summary(overdueBeforeMs) {
      const now = instant(clock.nowMs());
      const due = sql.fragment`${notBegun} AND NOT ${retrying} AND ${dueAt} <= ${now}`;
      return await connection.one(sql.type(summarySchema)`
        SELECT count(*) FILTER (WHERE o.state = 'running') AS running,
          count(*) FILTER (WHERE ${due}) AS waiting,
          count(*) FILTER (WHERE ${notBegun} AND NOT ${retrying} AND ${dueAt} > ${now}) AS later,
          count(*) FILTER (WHERE ${retrying}) AS retrying,
          count(*) FILTER (WHERE ${overdue(overdueBeforeMs)}) AS overdue,
          min(${dueAt}) FILTER (WHERE ${due}) AS "oldestDueAtMs"
        FROM outbox o WHERE o.acknowledged_at IS NULL`);
    },
  };

  async function descendants(ids: readonly string[], limit: number) {
    const asked = sql.array(ids, 'text');
    return [
      ...(await connection.any(sql.type(outboxSchema)`
        WITH RECURSIVE down(id, depth) AS (
          SELECT id, 1 FROM outbox WHERE parent_id = ANY(${asked})
          UNION
          SELECT o.id, down.depth + 1 FROM down JOIN outbox o ON o.parent_id = down.id WHERE down.depth < ${MAX_DEPTH}
        )
        SELECT ${outboxColumns} FROM outbox
        WHERE id IN (SELECT id FROM down) AND NOT (id = ANY(${asked})) ORDER BY seq LIMIT ${limit}`)),
    ];
  }
}
