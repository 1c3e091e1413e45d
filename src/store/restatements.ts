import { z } from 'zod';
import { costCause, type RestatementCause } from '#domain';
import type { RestatementRepository } from '#kit';
import { atomically, instant, json, type StoreContext, sql } from './context.ts';

const rowSchema = z.object({
  id: z.string(),
  projectId: z.string(),
  kind: z.enum(['benefit', 'cost']),
  metricId: z.string().nullable(),
  name: z.string(),
  unit: z.string().nullable(),
  costKey: z.string().nullable(),
  period: z.string(),
  currency: z.string(),
  oldAmount: z.string(),
  newAmount: z.string().nullable(),
  oldActual: z.string().nullable(),
  newActual: z.string().nullable(),
  cause: z.custom<RestatementCause>((value) => typeof value === 'object' && value !== null),
  oldSnapshotId: z.string(),
  newSnapshotId: z.string(),
  recordedAtMs: z.number(),
});

const correctionSchema = z.object({
  key: z.string(),
  name: z.string(),
  oldRef: z.string(),
  oldKind: z.string(),
  oldAmount: z.string(),
  oldCurrency: z.string(),
  oldDate: z.string(),
  newRef: z.string(),
  newKind: z.string(),
  newAmount: z.string(),
  newCurrency: z.string(),
  newDate: z.string(),
});

export function createRestatementRepository(context: StoreContext): RestatementRepository {
  return {
    async recordBenefits(between, rows) {
      await atomically(context, async (connection) => {
        for (const row of rows)
          await connection.query(sql.unsafe`
            INSERT INTO restatement (project_id, kind, metric_id, metric_name, unit, period, currency, old_amount,
              new_amount, old_actual, new_actual, cause, old_snapshot_id, new_snapshot_id, recorded_at)
            VALUES (${between.projectId}, 'benefit', ${row.metricId}, ${row.metricName}, ${row.unit},
              ${row.period}::date, ${between.currency}, ${row.oldBenefit}::numeric, ${row.newBenefit}::numeric,
              ${row.oldActual}::numeric, ${row.newActual}::numeric, ${json(row.cause)}::json,
              ${between.oldSnapshotId}, ${between.newSnapshotId}, ${instant(context.clock.nowMs())})`);
      });
      return rows.length;
    },

    async recordCosts(between, sources) {
      return await atomically(context, async (connection) => {
        let recorded = 0;
        for (const { connector, stream, projectRef } of sources) {
          const corrections = await connection.any(sql.type(correctionSchema)`
            SELECT c.connector || '/' || c.stream || ' ' || c.source_key || ' #' || c.revision AS key,
              c.connector || '/' || c.stream AS name,
              o.project_ref AS "oldRef", o.kind AS "oldKind", o.amount AS "oldAmount", o.currency AS "oldCurrency",
              o.posting_date AS "oldDate",
              c.project_ref AS "newRef", c.kind AS "newKind", c.amount AS "newAmount", c.currency AS "newCurrency",
              c.posting_date AS "newDate"
            FROM cost_line c
            JOIN cost_line o ON o.connector = c.connector AND o.stream = c.stream AND o.source_key = c.source_key
              AND o.revision = c.revision - 1
            WHERE c.connector = ${connector} AND c.stream = ${stream} AND o.project_ref = ${projectRef}
              AND c.recorded_at > (SELECT min(known_at) FROM roi_snapshot WHERE project_id = ${between.projectId})
              AND NOT EXISTS (
                SELECT FROM restatement r
                WHERE r.project_id = ${between.projectId} AND r.kind = 'cost'
                  AND r.cost_key = c.connector || '/' || c.stream || ' ' || c.source_key || ' #' || c.revision)
            ORDER BY c.id`);
          for (const row of corrections) {
            const cause = costCause(
              {
                projectRef: row.oldRef,
                kind: row.oldKind,
                amount: row.oldAmount,
                currency: row.oldCurrency,
                postingDate: row.oldDate,
              },
              {
                projectRef: row.newRef,
                kind: row.newKind,
                amount: row.newAmount,
                currency: row.newCurrency,
                postingDate: row.newDate,
              },
            );
            if (cause === null) continue;
            // In another currency the two amounts would not be comparable: then the row says only that the old one counts no more.
            const isComparable = cause.kind !== 'cost-elsewhere' && cause.kind !== 'cost-currency';
            await connection.query(sql.unsafe`
              INSERT INTO restatement (project_id, kind, metric_name, cost_key, period, currency, old_amount, new_amount,
                cause, old_snapshot_id, new_snapshot_id, recorded_at)
              VALUES (${between.projectId}, 'cost', ${row.name}, ${row.key}, ${row.oldDate}::date, ${row.oldCurrency},
                ${row.oldAmount}::numeric, ${isComparable ? row.newAmount : null}::numeric, ${json(cause)}::json,
                ${between.oldSnapshotId}, ${between.newSnapshotId}, ${instant(context.clock.nowMs())})`);
            recorded += 1;
          }
        }
        return recorded;
      });
    },

    async list({ projectId, before, limit }) {
      const rows = await context.connection.any(sql.type(rowSchema)`
        SELECT id::text, project_id AS "projectId", kind, metric_id AS "metricId", coalesce(metric_name, '') AS name, unit,
          cost_key AS "costKey", period, currency, old_amount AS "oldAmount", new_amount AS "newAmount",
          old_actual AS "oldActual", new_actual AS "newActual", cause, old_snapshot_id AS "oldSnapshotId",
          new_snapshot_id AS "newSnapshotId", recorded_at AS "recordedAtMs"
        FROM restatement
        WHERE (${projectId ?? null}::text IS NULL OR project_id = ${projectId ?? null}::text)
          AND id < coalesce(${before ?? null}::bigint, 9223372036854775807)
        ORDER BY restatement.id DESC LIMIT ${limit}`);
      return [...rows];
    },
  };
}
