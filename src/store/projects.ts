import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { Project } from '#domain';
import type { ProjectRepository } from '#kit';
import { atomically, instant, json, type StoreContext, sql } from './context.ts';
import { lockKey } from './locks.ts';

const definitionSchema = z.object({ definition: z.custom<Project>((value) => typeof value === 'object') });
const idSchema = z.object({ id: z.string() });

export function createProjectRepository(context: StoreContext): ProjectRepository {
  return {
    async sync(projects) {
      return await atomically(context, async (connection) => {
        await lockKey(connection, 'projects');
        const nowMs = context.clock.nowMs();
        const before = await connection.anyFirst(sql.type(idSchema)`SELECT id FROM project`);
        const known = new Set(before);
        const created: string[] = [];
        const changed: string[] = [];
        for (const project of projects) {
          const written = await writeProject(connection, project, nowMs);
          if (written) (known.has(project.id) ? changed : created).push(project.id);
          await writeMetrics(connection, project, nowMs);
        }
        const retired = await retireOthers(connection, projects, nowMs);
        return { created, changed, retired };
      });
    },

    /** Also a retired one: its snapshots still speak of it. */
    async get(id) {
      const row = await context.connection.maybeOne(sql.type(definitionSchema)`
        SELECT definition FROM project WHERE id = ${id}`);
      return row?.definition ?? null;
    },

    async list() {
      const rows = await context.connection.any(sql.type(definitionSchema)`
        SELECT definition FROM project WHERE retired_at IS NULL ORDER BY id`);
      return rows.map(({ definition }) => definition);
    },
  };
}

/** Whether the row is new, changed or came back. */
async function writeProject(connection: CommonQueryMethods, project: Project, nowMs: number): Promise<boolean> {
  const written = await connection.maybeOneFirst(sql.type(idSchema)`
    INSERT INTO project (id, name, portfolio, currency, time_zone, starts_on, definition, created_at, updated_at)
    VALUES (${project.id}, ${project.name}, ${project.portfolio}, ${project.currency}, ${project.timeZone},
      ${project.startsOn}::date, ${json(project)}::json, ${instant(nowMs)}, ${instant(nowMs)})
    ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, portfolio = excluded.portfolio, currency = excluded.currency,
      time_zone = excluded.time_zone, starts_on = excluded.starts_on, definition = excluded.definition,
      updated_at = excluded.updated_at, retired_at = NULL
    WHERE project.definition::jsonb IS DISTINCT FROM excluded.definition::jsonb OR project.retired_at IS NOT NULL
    RETURNING id`);
  return written !== null;
}

async function writeMetrics(connection: CommonQueryMethods, project: Project, nowMs: number): Promise<void> {
  for (const metric of project.metrics) {
    await connection.query(sql.unsafe`
      INSERT INTO value_metric (project_id, id, name, kind, unit, connector, stream, definition, created_at, updated_at)
      VALUES (${project.id}, ${metric.id}, ${metric.name}, ${metric.kind}, ${metric.unit}, ${metric.source.connector},
        ${metric.source.stream}, ${json(metric)}::json, ${instant(nowMs)}, ${instant(nowMs)})
      ON CONFLICT (project_id, id) DO UPDATE
      SET name = excluded.name, kind = excluded.kind, unit = excluded.unit, connector = excluded.connector,
        stream = excluded.stream, definition = excluded.definition, updated_at = excluded.updated_at, retired_at = NULL
      WHERE value_metric.definition::jsonb IS DISTINCT FROM excluded.definition::jsonb
        OR value_metric.retired_at IS NOT NULL`);
  }
  await connection.query(sql.unsafe`
    UPDATE value_metric SET retired_at = ${instant(nowMs)}
    WHERE project_id = ${project.id} AND retired_at IS NULL
      AND NOT id = ANY(${sql.array(
        project.metrics.map((metric) => metric.id),
        'text',
      )})`);
}

async function retireOthers(
  connection: CommonQueryMethods,
  projects: readonly Project[],
  nowMs: number,
): Promise<string[]> {
  const kept = sql.array(
    projects.map((project) => project.id),
    'text',
  );
  const retired = await connection.anyFirst(sql.type(idSchema)`
    UPDATE project SET retired_at = ${instant(nowMs)}
    WHERE retired_at IS NULL AND NOT id = ANY(${kept})
    RETURNING id`);
  await connection.query(sql.unsafe`
    UPDATE value_metric SET retired_at = ${instant(nowMs)}
    WHERE retired_at IS NULL AND NOT project_id = ANY(${kept})`);
  return [...retired].sort();
}
