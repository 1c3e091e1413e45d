import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { PlanVersion } from '#domain';
import type { Clock, FrozenPlan, ProjectDraft } from '#kit';
import { instant, json, sql } from './context.ts';

const frozenSchema = z.object({
  projectId: z.string(),
  plan: z.custom<PlanVersion>((value) => typeof value === 'object' && value !== null),
  written: z.unknown(),
  recordedAtMs: z.number(),
  recordedBy: z.string(),
});

export async function readFrozenPlans(connection: CommonQueryMethods, projectId: string): Promise<FrozenPlan[]> {
  const rows = await connection.any(sql.type(frozenSchema)`
    SELECT project_id AS "projectId", content AS plan, written, recorded_at AS "recordedAtMs",
      recorded_by AS "recordedBy"
    FROM plan_version WHERE project_id = ${projectId} ORDER BY recorded_at, frozen_on, id`);
  return rows.map((row) => ({ ...row, written: row.written ?? null }));
}

/** Stores the plans that are not there yet; those that are stay as they are. */
export async function freezePlans(
  connection: CommonQueryMethods,
  clock: Clock,
  { project, writtenPlans }: ProjectDraft,
  by: string,
): Promise<void> {
  for (const plan of project.plans) {
    const written = writtenPlans?.[plan.id];
    await connection.query(sql.unsafe`
      INSERT INTO plan_version (project_id, id, frozen_on, approved_by, content, written, recorded_at, recorded_by)
      VALUES (${project.id}, ${plan.id}, ${plan.frozenOn}::date, ${plan.approvedBy}, ${json(plan)}::json,
        ${written === undefined ? null : json(written)}::json, ${instant(clock.nowMs())}, ${by})
      ON CONFLICT (project_id, id) DO NOTHING`);
  }
}
