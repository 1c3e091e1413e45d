import { z } from 'zod';
import type { RoiOutputs, SnapshotVersions } from '#domain';
import type { SnapshotRepository } from '#kit';
import { atomically, instant, json, type StoreContext, sql } from './context.ts';
import { lockKey } from './locks.ts';

const snapshotSchema = z.object({
  id: z.string(),
  projectId: z.string(),
  asOf: z.string(),
  knownAtMs: z.number(),
  engineVersion: z.string(),
  inputsHash: z.string(),
  versions: z.custom<SnapshotVersions | null>((value) => typeof value === 'object'),
  outputs: z.custom<RoiOutputs>((value) => typeof value === 'object' && value !== null),
  createdAtMs: z.number(),
});
const columns = sql.fragment`
  s.id, s.project_id AS "projectId", s.as_of AS "asOf", s.known_at AS "knownAtMs", s.engine_version AS "engineVersion",
  s.inputs_hash AS "inputsHash", s.versions, s.outputs, s.created_at AS "createdAtMs"`;

export function createSnapshotRepository(context: StoreContext): SnapshotRepository {
  return {
    async save(snapshot) {
      return await atomically(context, async (connection) => {
        await lockKey(connection, `snapshot ${snapshot.projectId}`);
        const inserted = await connection.maybeOne(sql.type(snapshotSchema)`
          INSERT INTO roi_snapshot AS s
            (id, project_id, as_of, known_at, engine_version, inputs_hash, versions, outputs, created_at)
          VALUES (${snapshot.id}, ${snapshot.projectId}, ${snapshot.asOf}::date, ${instant(snapshot.knownAtMs)},
            ${snapshot.engineVersion}, ${snapshot.inputsHash},
            ${snapshot.versions ? json(snapshot.versions) : null}::json, ${json(snapshot.outputs)}::json,
            ${instant(context.clock.nowMs())})
          ON CONFLICT (project_id, as_of, inputs_hash, engine_version) DO NOTHING
          RETURNING ${columns}`);
        const row =
          inserted ??
          (await connection.one(sql.type(snapshotSchema)`
            SELECT ${columns} FROM roi_snapshot s
            WHERE project_id = ${snapshot.projectId} AND as_of = ${snapshot.asOf}::date
              AND inputs_hash = ${snapshot.inputsHash} AND engine_version = ${snapshot.engineVersion}`));
        await connection.query(sql.unsafe`
          INSERT INTO roi_current AS c (project_id, snapshot_id, as_of, known_at)
          VALUES (${snapshot.projectId}, ${row.id}, ${snapshot.asOf}::date, ${instant(snapshot.knownAtMs)})
          ON CONFLICT (project_id) DO UPDATE
          SET snapshot_id = excluded.snapshot_id, as_of = excluded.as_of, known_at = excluded.known_at
          WHERE c.as_of <= excluded.as_of`);
        return { snapshot: row, created: inserted !== null };
      });
    },

    async get(id) {
      return await context.connection.maybeOne(sql.type(snapshotSchema)`
        SELECT ${columns} FROM roi_snapshot s WHERE s.id = ${id}`);
    },

    async find(prefix, limit) {
      return [
        ...(await context.connection.any(sql.type(snapshotSchema)`
          SELECT ${columns} FROM roi_snapshot s WHERE starts_with(s.id, ${prefix}) ORDER BY s.seq DESC LIMIT ${limit}`)),
      ];
    },

    /**
     * What holds now: the newest date, as it was saved last. Not by `knownAtMs`: a clock that was put back would keep newer figures
     * out. A past date does not change it.
     */
    async latest(projectId) {
      return await context.connection.maybeOne(sql.type(snapshotSchema)`
        SELECT ${columns} FROM roi_current c JOIN roi_snapshot s ON s.id = c.snapshot_id
        WHERE c.project_id = ${projectId}`);
    },

    async lastUpTo(projectId, asOf) {
      return await context.connection.maybeOne(sql.type(snapshotSchema)`
        SELECT ${columns} FROM roi_snapshot s
        WHERE s.project_id = ${projectId} AND s.as_of <= ${asOf}::date
        ORDER BY s.as_of DESC, s.seq DESC LIMIT 1`);
    },

    async before(id) {
      return await context.connection.maybeOne(sql.type(snapshotSchema)`
        SELECT ${columns} FROM roi_snapshot later
        JOIN roi_snapshot s ON s.project_id = later.project_id AND (s.as_of, s.seq) < (later.as_of, later.seq)
        WHERE later.id = ${id}
        ORDER BY s.as_of DESC, s.seq DESC LIMIT 1`);
    },

    async history(projectId, limit) {
      return [
        ...(await context.connection.any(sql.type(snapshotSchema)`
          SELECT ${columns} FROM roi_snapshot s WHERE s.project_id = ${projectId} ORDER BY s.seq DESC LIMIT ${limit}`)),
      ];
    },
  };
}
