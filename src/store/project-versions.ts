import { createHash } from 'node:crypto';
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { Project } from '#domain';
import type { Clock, DeclaredInterval, ProjectChangedBy } from '#kit';
import { instant, json, sql } from './context.ts';

const versionNumber = z.object({ version: z.number() });

/**
 * One more version of a project; its number. Never recorded before the one that it follows, though a clock be put back:
 * else `versionAt` would tell another history. A trigger writes the typed tables and refuses what no project can be.
 */
export async function appendVersion(
  connection: CommonQueryMethods,
  clock: Clock,
  {
    project,
    intervals,
    isRetired,
    written,
    by,
    reason = null,
    before,
  }: ProjectChangedBy & {
    project: Project;
    intervals: readonly DeclaredInterval[];
    isRetired: boolean;
    written: unknown;
    before: { version: number; recordedAtMs: number } | null;
  },
): Promise<number> {
  const definition = json(project);
  const hash = createHash('sha256').update(definition).digest('hex');
  const recordedAtMs = Math.max(clock.nowMs(), before?.recordedAtMs ?? 0);
  return await connection.oneFirst(sql.type(versionNumber)`
    INSERT INTO project_version (project_id, version, definition, definition_hash, managed, is_retired, intervals,
      written, recorded_at, recorded_by, reason)
    VALUES (${project.id}, ${(before?.version ?? 0) + 1}, ${definition}::json, ${hash}, ${project.managed}, ${isRetired},
      ${json(intervals)}::json, ${written === null ? null : json(written)}::json, ${instant(recordedAtMs)}, ${by}, ${reason})
    RETURNING version`);
}
