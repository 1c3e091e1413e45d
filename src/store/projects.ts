import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { canonicalJson, type Project } from '#domain';
import {
  type DeclaredInterval,
  type FrozenPlanConflict,
  frozenPlanError,
  OutturnError,
  PermanentError,
  type ProjectChangedBy,
  type ProjectDraft,
  type ProjectRepository,
  type ProjectVersion,
  withFrozenPlans,
} from '#kit';
import { atomically, instant, type StoreContext, sql } from './context.ts';
import { lockKey } from './locks.ts';
import { freezePlans, readFrozenPlans } from './plan-versions.ts';
import { currentDefinition } from './project-definition.ts';
import { appendVersion } from './project-versions.ts';

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const versionSchema = z.object({
  version: z.number(),
  project: z.custom<Project>(isObject),
  definitionHash: z.string(),
  managed: z.enum(['config', 'api']),
  isRetired: z.boolean(),
  intervals: z.custom<DeclaredInterval[]>(Array.isArray),
  written: z.unknown(),
  recordedAtMs: z.number(),
  recordedBy: z.string(),
  reason: z.string().nullable(),
});
const columns = sql.fragment`
  v.version, v.definition AS project, v.definition_hash AS "definitionHash", v.managed, v.is_retired AS "isRetired",
  v.intervals, v.written, v.recorded_at AS "recordedAtMs", v.recorded_by AS "recordedBy", v.reason`;
/** Of each project the newest version; by the short table, so that a long history costs nothing. */
const newest = sql.fragment`
  project p CROSS JOIN LATERAL (
    SELECT * FROM project_version WHERE project_id = p.id ORDER BY version DESC LIMIT 1
  ) v`;

const inThisForm = (row: z.infer<typeof versionSchema>): ProjectVersion => ({
  ...row,
  written: row.written ?? null,
  project: currentDefinition(row.project),
});

export function createProjectRepository(context: StoreContext): ProjectRepository {
  const { connection } = context;
  const current = async (on: CommonQueryMethods, id: string): Promise<ProjectVersion | null> => {
    const row = await on.maybeOne(sql.type(versionSchema)`SELECT ${columns} FROM ${newest} WHERE p.id = ${id}`);
    return row && inThisForm(row);
  };

  /** Writes a version where something differs; what it then is, and whether one was written. */
  async function store(on: CommonQueryMethods, draft: ProjectDraft, changed: ProjectChangedBy) {
    const before = await current(on, draft.project.id);
    const { intervals = [] } = draft;
    if (before !== null && !before.isRetired && isSame(before, { project: draft.project, intervals }))
      return { before, written: null };
    const written = await appendVersion(on, context.clock, {
      ...changed,
      project: draft.project,
      intervals,
      written: draft.written ?? null,
      isRetired: false,
      before,
    });
    return { before, written };
  }

  async function frozen(
    on: CommonQueryMethods,
    draft: ProjectDraft,
  ): Promise<{ draft: ProjectDraft; conflicts: FrozenPlanConflict[] }> {
    const { project, conflicts } = withFrozenPlans(
      draft.project,
      draft.writtenPlans,
      await readFrozenPlans(on, draft.project.id),
    );
    return { draft: { ...draft, project }, conflicts };
  }

  async function one(on: CommonQueryMethods, id: string, version: number): Promise<ProjectVersion> {
    const row = await on.one(sql.type(versionSchema)`
      SELECT ${columns} FROM project_version v WHERE v.project_id = ${id} AND v.version = ${version}`);
    return inThisForm(row);
  }

  return {
    async apply(drafts, changed) {
      return await atomically(context, async (on) => {
        await lockKey(on, 'projects');
        const all = await on.any(sql.type(versionSchema)`SELECT ${columns} FROM ${newest}`);
        const known = new Map(all.map((row) => [row.project.id, row]));
        const resolved: ProjectDraft[] = [];
        const conflicts: { projectId: string; conflicts: FrozenPlanConflict[] }[] = [];
        for (const draft of drafts) {
          const { id } = draft.project;
          const there = known.get(id);
          if (there !== undefined && !there.isRetired && there.managed === 'api')
            throw new PermanentError(
              'config/duplicate-id',
              `The project ${id} of the configuration was made by the API already.`,
              { hint: `Name it differently, or delete the other one: DELETE /v1/projects/${id}.` },
            );
          const merged = await frozen(on, draft);
          resolved.push(merged.draft);
          if (merged.conflicts.length > 0) conflicts.push({ projectId: id, conflicts: merged.conflicts });
        }
        const error = frozenPlanError(conflicts);
        if (error !== null) throw error;
        const created: string[] = [];
        const altered: string[] = [];
        for (const draft of resolved) {
          await freezePlans(on, context.clock, draft, changed.by);
          const { before, written } = await store(on, draft, changed);
          if (written !== null) (before === null ? created : altered).push(draft.project.id);
        }
        const kept = new Set(drafts.map(({ project }) => project.id));
        const leaving = all.filter((row) => row.managed === 'config' && !row.isRetired && !kept.has(row.project.id));
        for (const row of leaving)
          await appendVersion(on, context.clock, {
            ...inThisForm(row),
            reason: null,
            ...changed,
            isRetired: true,
            before: row,
          });
        return { created, changed: altered, retired: leaving.map(({ project }) => project.id).sort() };
      });
    },

    async put(draft, { ifVersion, ...changed }) {
      return await atomically(context, async (on) => {
        await lockKey(on, 'projects');
        const { id } = draft.project;
        const before = await current(on, id);
        requireVersion(id, before, ifVersion);
        const merged = await frozen(on, draft);
        const error = frozenPlanError([{ projectId: id, conflicts: merged.conflicts }]);
        if (error !== null) throw error;
        await freezePlans(on, context.clock, merged.draft, changed.by);
        const { written } = await store(on, merged.draft, changed);
        if (written === null && before !== null) return { version: before, outcome: 'unchanged' };
        const outcome = before === null || before.isRetired ? 'created' : 'changed';
        return { version: await one(on, id, written ?? 0), outcome };
      });
    },

    async retire(id, { ifVersion, ...changed }) {
      return await atomically(context, async (on) => {
        await lockKey(on, 'projects');
        const before = await current(on, id);
        if (before === null || before.isRetired) throw new OutturnError('not-found', `There is no project ${id}.`);
        requireVersion(id, before, ifVersion);
        const version = await appendVersion(on, context.clock, {
          ...before,
          reason: null,
          ...changed,
          isRetired: true,
          before,
        });
        return await one(on, id, version);
      });
    },

    async list() {
      const rows = await connection.any(sql.type(versionSchema)`
        SELECT ${columns} FROM ${newest} WHERE NOT v.is_retired ORDER BY p.id`);
      return rows.map((row) => inThisForm(row).project);
    },

    async get(id) {
      return (await current(connection, id))?.project ?? null;
    },

    async page({ after = '', limit, retired = false }) {
      const rows = await connection.any(sql.type(versionSchema)`
        SELECT ${columns} FROM ${newest}
        WHERE p.id > ${after} AND (${retired} OR NOT v.is_retired) ORDER BY p.id LIMIT ${limit}`);
      return rows.map(inThisForm);
    },

    async versionAt(id, knownAtMs) {
      const row = await connection.maybeOne(sql.type(versionSchema)`
        SELECT ${columns} FROM project_version v
        WHERE v.project_id = ${id} AND v.recorded_at <= ${instant(knownAtMs)} ORDER BY v.version DESC LIMIT 1`);
      return row && inThisForm(row);
    },

    async versions(id, { before = null, limit = 1000 } = {}) {
      const rows = await connection.any(sql.type(versionSchema)`
        SELECT ${columns} FROM project_version v
        WHERE v.project_id = ${id} AND (${before}::integer IS NULL OR v.version < ${before})
        ORDER BY v.version DESC LIMIT ${limit}`);
      return rows.map(inThisForm);
    },

    frozenPlans: (id) => readFrozenPlans(connection, id),
  };
}

type Content = Pick<ProjectVersion, 'project' | 'intervals'>;
const isSame = (one: Content, other: { project: Project; intervals: readonly DeclaredInterval[] }): boolean =>
  canonicalJson(one.project) === canonicalJson(other.project) &&
  canonicalJson(one.intervals) === canonicalJson(other.intervals);

function requireVersion(id: string, before: ProjectVersion | null, ifVersion: number | null): void {
  const inForce = before === null || before.isRetired ? null : before;
  if (inForce?.managed === 'config')
    throw new OutturnError('api/conflict', `The project ${id} is managed by the configuration and read-only here.`, {
      hint: 'Change it in its YAML file and apply that, or use another id.',
    });
  if ((inForce?.version ?? null) === ifVersion) return;
  throw new OutturnError(
    'api/precondition-failed',
    inForce === null
      ? `The project ${id} is not in force, so there is no version ${ifVersion} to replace.`
      : ifVersion === null
        ? `The project ${id} is there already, in version ${inForce.version}.`
        : `The project ${id} is in version ${inForce.version} by now, not ${ifVersion}.`,
    { hint: `Read it again (GET /v1/projects/${id}), and send what you want to change with the ETag of that answer.` },
  );
}
