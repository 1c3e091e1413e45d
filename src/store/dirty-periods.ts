import { z } from 'zod';
import type { DirtyRepository } from '#kit';
import { instant, type StoreContext, sql } from './context.ts';

const dirtySchema = z.object({ projectId: z.string(), metricId: z.string(), period: z.string() });

export function createDirtyRepository(context: StoreContext): DirtyRepository {
  const { connection } = context;
  return {
    /** Marking what is marked already changes nothing but the pull that it names. */
    async mark(rows, pullId) {
      if (rows.length === 0) return;
      await connection.query(sql.unsafe`
        INSERT INTO dirty_period (project_id, metric_id, period, pull_id, marked_at)
        SELECT DISTINCT project_id, metric_id, period::date, ${pullId}, ${instant(context.clock.nowMs())}
        FROM unnest(
          ${sql.array(
            rows.map((row) => row.projectId),
            'text',
          )},
          ${sql.array(
            rows.map((row) => row.metricId),
            'text',
          )},
          ${sql.array(
            rows.map((row) => row.period),
            'text',
          )}
        ) AS i(project_id, metric_id, period)
        -- In one order everywhere: two pulls that mark the same periods must not wait for each other in a circle.
        ORDER BY 1, 2, 3
        ON CONFLICT (project_id, metric_id, period) DO UPDATE
        SET pull_id = excluded.pull_id, marked_at = excluded.marked_at`);
    },

    async take(projectId) {
      const taken = await connection.any(sql.type(dirtySchema)`
        WITH taken AS (DELETE FROM dirty_period WHERE project_id = ${projectId} RETURNING *)
        SELECT project_id AS "projectId", metric_id AS "metricId", period FROM taken ORDER BY metric_id, period`);
      return [...taken];
    },

    async list() {
      const rows = await connection.any(sql.type(dirtySchema)`
        SELECT project_id AS "projectId", metric_id AS "metricId", period
        FROM dirty_period ORDER BY project_id, metric_id, period`);
      return [...rows];
    },
  };
}
