import { z } from 'zod';
import type { ReportRepository } from '#kit';
import { instant, type StoreContext, sql } from './context.ts';

const reportSchema = z.object({
  id: z.string(),
  projectId: z.string(),
  snapshotId: z.string(),
  format: z.enum(['html', 'csv']),
  objectKey: z.string(),
  location: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  createdAtMs: z.number(),
});
const columns = sql.fragment`
  id, project_id AS "projectId", snapshot_id AS "snapshotId", format, object_key AS "objectKey", location, sha256, bytes,
  created_at AS "createdAtMs"`;

export function createReportRepository(context: StoreContext): ReportRepository {
  const { connection } = context;
  const repository: ReportRepository = {
    /** A report that is there stays as it is and is returned. */
    async record(row) {
      const inserted = await connection.maybeOne(sql.type(reportSchema)`
        INSERT INTO report (id, project_id, snapshot_id, format, object_key, location, sha256, bytes, created_at)
        VALUES (${row.id}, ${row.projectId}, ${row.snapshotId}, ${row.format}, ${row.objectKey}, ${row.location},
          ${row.sha256}, ${row.bytes}, ${instant(context.clock.nowMs())})
        ON CONFLICT (snapshot_id, format) DO NOTHING
        RETURNING ${columns}`);
      return (
        inserted ??
        (await connection.one(sql.type(reportSchema)`
          SELECT ${columns} FROM report WHERE snapshot_id = ${row.snapshotId} AND format = ${row.format}`))
      );
    },

    async find(snapshotId, format) {
      return await connection.maybeOne(sql.type(reportSchema)`
        SELECT ${columns} FROM report WHERE snapshot_id = ${snapshotId} AND format = ${format}`);
    },

    /** The newest report of each format. */
    async latest(projectId) {
      return [
        ...(await connection.any(sql.type(reportSchema)`
          SELECT DISTINCT ON (format) ${columns} FROM report
          WHERE project_id = ${projectId} ORDER BY format, created_at DESC, id DESC`)),
      ];
    },
  };
  return repository;
}
