import { createHash } from 'node:crypto';
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { type Project, readingsKey, type ValueMetric } from '#domain';
import type { Clock, DeclaredInterval, ProjectChangedBy, ProjectVersion } from '#kit';
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
    before: Pick<ProjectVersion, 'version' | 'recordedAtMs' | 'isRetired' | 'project'> | null;
  },
): Promise<number> {
  const definition = json(project);
  const hash = createHash('sha256').update(definition).digest('hex');
  // One instant, one definition: else `versionAt` could not tell two apart.
  const recordedAtMs = Math.max(clock.nowMs(), (before?.recordedAtMs ?? -1) + 1);
  const alike = isRetired || before === null || before.isRetired ? [] : readAlike(before.project, project);
  // Pulls mark by the definition of their time: what is read otherwise in between, or not at all, misses marks.
  await connection.query(sql.unsafe`
    DELETE FROM metric_reading WHERE project_id = ${project.id} AND NOT metric_id = ANY(${sql.array(alike, 'text')})`);
  return await connection.oneFirst(sql.type(versionNumber)`
    INSERT INTO project_version (project_id, version, definition, definition_hash, managed, is_retired, intervals,
      written, recorded_at, recorded_by, reason)
    VALUES (${project.id}, ${(before?.version ?? 0) + 1}, ${definition}::json, ${hash}, ${project.managed}, ${isRetired},
      ${json(intervals)}::json, ${written === null ? null : json(written)}::json, ${instant(recordedAtMs)}, ${by}, ${reason})
    RETURNING version`);
}

/** Ids of the metrics whose samples are read into periods as before, whatever is made of them. */
function readAlike(before: Project, now: Project): string[] {
  // Declared intervals decide what a period comes to, not which one a sample marks.
  const undeclared = { source: null, denominator: null, exposure: null, control: null };
  const keyOf = (project: Project, metric: ValueMetric): string => readingsKey(project, metric, undeclared);
  const keys = new Map(before.metrics.map((metric) => [metric.id, keyOf(before, metric)]));
  return now.metrics.filter((metric) => keys.get(metric.id) === keyOf(now, metric)).map(({ id }) => id);
}
