import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { causeWords, createFormat, type Project } from '#domain';
import { figuresAt, nearest, OutturnError, type RestatementRow } from '#kit';
import { businessDate, instant, knownAtOf } from './known-at.ts';

const params = z.object({ id: z.string().min(1).max(200) });
const roiQuery = z.strictObject({
  asOf: businessDate.optional().meta({ description: 'Business date; today in the project’s time zone when absent' }),
  knownAt: z
    .union([businessDate, instant])
    .optional()
    .meta({ description: 'Only what was recorded by then; a date means its end in the project’s time zone' }),
});
const historyQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(100) });
const restatementQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  before: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .meta({ description: 'Only those before the one of this id: the last one of the page before' }),
});

/** A project's figures now and as known at any time, its snapshots, and what was restated. */
export function addRoi(server: FastifyInstance, ports: Parameters<typeof figuresAt>[0]): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  const { store } = ports;
  const find = async (id: string): Promise<Project> => {
    const project = await store.projects.get(id);
    if (project !== null) return project;
    const near = nearest(
      id,
      (await store.projects.list()).map((known) => known.id),
    );
    throw new OutturnError('not-found', `There is no project ${id}.`, {
      hint: near === null ? 'GET /v1/projects lists them.' : `Did you mean ${near}? GET /v1/projects lists them.`,
    });
  };

  routes.get('/v1/projects/:id/roi', { schema: { params, querystring: roiQuery } }, async (request) => {
    const project = await find(request.params.id);
    const { asOf, knownAt } = request.query;
    if (asOf === undefined && knownAt === undefined) {
      const snapshot = await store.snapshots.latest(project.id);
      if (snapshot !== null) return snapshot;
      throw new OutturnError('not-found', `Nothing was computed for ${project.id} yet.`, {
        hint: 'POST /v1/recalculations asks for it.',
      });
    }
    const knownAtMs = knownAtOf(knownAt, ports.clock.nowMs(), project.timeZone);
    const figures = await figuresAt(ports, project.id, { asOf, knownAtMs });
    return {
      id: null,
      projectId: project.id,
      asOf: figures.asOf,
      knownAtMs: figures.knownAtMs,
      engineVersion: figures.versions.engine,
      inputsHash: figures.inputsHash,
      versions: figures.versions,
      outputs: figures.outputs,
    };
  });

  routes.get('/v1/projects/:id/roi/history', { schema: { params, querystring: historyQuery } }, async (request) => {
    const project = await find(request.params.id);
    return { snapshots: await store.snapshots.history(project.id, request.query.limit) };
  });

  routes.get(
    '/v1/projects/:id/restatements',
    { schema: { params, querystring: restatementQuery } },
    async (request) => {
      const project = await find(request.params.id);
      const rows = await store.restatements.list({ projectId: project.id, ...request.query });
      return { restatements: rows.map((row) => ({ ...row, why: whyOf(row, project) })) };
    },
  );
}

function whyOf(row: RestatementRow, { timeZone }: Project): string {
  const format = createFormat({ locale: 'en-GB', currency: row.currency, timeZone });
  return causeWords({ ...row, unit: row.unit ?? '' }, format);
}
