import { z } from 'zod';
import type { PageRetentionRepository } from '#kit';
import { instant, type StoreContext, sql } from './context.ts';
import { lockKey } from './locks.ts';

/** Shared by who archives a page, alone by who deletes objects: no page is taken for archived whose object is about to go. */
export const PAGE_REMOVAL = 'page-removal';

const markedSchema = z.object({ looked: z.number(), removed: z.number(), bytes: z.number() });
const takenSchema = z.object({ objectKey: z.string(), isLive: z.boolean() });

export function createPageRetentionRepository({ connection, clock }: StoreContext): PageRetentionRepository {
  return {
    async mark({ beforeMs, keepsEvidence, recheckBeforeMs, limit }) {
      const before = instant(beforeMs);
      const now = instant(clock.nowMs());
      return await connection.one(sql.type(markedSchema)`
        WITH old AS MATERIALIZED (
          SELECT DISTINCT sha256 FROM pull_page
          WHERE removed_at IS NULL AND received_at < ${before}
            AND (NOT ${keepsEvidence} OR evidence_at IS NULL OR evidence_at < ${instant(recheckBeforeMs)})
        ), due AS MATERIALIZED (
          SELECT old.sha256 FROM old
          WHERE NOT EXISTS (
            SELECT FROM pull_page p
            WHERE p.sha256 = old.sha256 AND p.removed_at IS NULL AND p.received_at >= ${before})
          LIMIT ${limit}
        ), streams AS MATERIALIZED (
          SELECT DISTINCT pull.connector, pull.stream
          FROM due JOIN pull_page p ON p.sha256 = due.sha256 JOIN pull ON pull.id = p.pull_id
          WHERE ${keepsEvidence}
        ), evidence AS MATERIALIZED (
          SELECT m.page_hash AS sha256
          FROM streams t
          JOIN series s ON s.connector = t.connector AND s.stream = t.stream
          JOIN measurement m ON m.series_id = s.id
          WHERE m.page_hash IN (SELECT sha256 FROM due)
            AND NOT EXISTS (
              SELECT FROM measurement newer
              WHERE newer.series_id = m.series_id AND newer.at = m.at AND newer.revision > m.revision)
          UNION
          SELECT c.page_hash
          FROM streams t JOIN cost_line c ON c.connector = t.connector AND c.stream = t.stream
          WHERE c.page_hash IN (SELECT sha256 FROM due)
            AND c.recorded_at >= stream_generation_since(t.connector, t.stream, 'infinity')
            AND NOT EXISTS (
              SELECT FROM cost_line newer
              WHERE newer.connector = c.connector AND newer.stream = c.stream AND newer.source_key = c.source_key
                AND newer.revision > c.revision)
          UNION
          SELECT q.page_hash
          FROM streams t JOIN fx_quote q ON q.connector = t.connector AND q.stream = t.stream
          WHERE q.page_hash IN (SELECT sha256 FROM due)
            AND NOT EXISTS (
              SELECT FROM fx_quote newer
              WHERE newer.connector = q.connector AND newer.stream = q.stream AND newer.base = q.base
                AND newer.quote = q.quote AND newer.date = q.date AND newer.revision > q.revision)
        ), kept AS (
          UPDATE pull_page p SET evidence_at = ${now} FROM evidence WHERE p.sha256 = evidence.sha256
        ), removed AS (
          UPDATE pull_page p SET removed_at = ${now}
          FROM due
          WHERE p.sha256 = due.sha256 AND p.removed_at IS NULL
            AND NOT EXISTS (SELECT FROM evidence WHERE evidence.sha256 = due.sha256)
          RETURNING p.sha256, p.object_key, p.bytes
        ), objects AS MATERIALIZED (
          SELECT sha256, min(object_key) AS object_key, max(bytes) AS bytes FROM removed GROUP BY sha256
        ), noted AS (
          INSERT INTO page_removal (sha256, object_key) SELECT sha256, object_key FROM objects ON CONFLICT DO NOTHING
        )
        SELECT (SELECT count(*) FROM due)::float8 AS looked, count(*)::float8 AS removed,
          coalesce(sum(bytes), 0)::float8 AS bytes
        FROM objects`);
    },

    async takeRemovals(limit) {
      await lockKey(connection, PAGE_REMOVAL);
      const taken = await connection.any(sql.type(takenSchema)`
        WITH taken AS (
          DELETE FROM page_removal WHERE sha256 IN (SELECT sha256 FROM page_removal LIMIT ${limit})
          RETURNING sha256, object_key
        ), judged AS MATERIALIZED (
          SELECT sha256, object_key,
            EXISTS (SELECT FROM pull_page p WHERE p.sha256 = taken.sha256 AND p.removed_at IS NULL) AS is_live
          FROM taken
        ), revived AS (
          UPDATE pull_page p SET removed_at = NULL
          FROM judged WHERE judged.is_live AND p.sha256 = judged.sha256 AND p.removed_at IS NOT NULL
        )
        SELECT object_key AS "objectKey", is_live AS "isLive" FROM judged`);
      return {
        objectKeys: taken.flatMap(({ objectKey, isLive }) => (isLive ? [] : [objectKey])),
        taken: taken.length,
      };
    },
  };
}
