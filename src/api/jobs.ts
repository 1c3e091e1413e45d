import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type JobOperations, type OutboxRow, OutturnError, type Store } from '#kit';
import { after, by, nextAfter, optionalBody, pageLimit, reason, since } from './decisions.ts';
import { jobDetailView, jobView } from './job-view.ts';
import { jobParams } from './schemas.ts';

/** A job that is due for so long and did not begin is late. */
const LATE_MS = 2 * 60_000;
const LINEAGE = 200;

const jobsQuery = z.strictObject({
  state: z.enum(['pending', 'published', 'running', 'succeeded', 'failed', 'collapsed', 'cancelled']).optional(),
  kind: z.string().min(1).max(200).optional(),
  since: since.meta({ description: 'Asked for at that time or later' }),
  late: z.stringbool().default(false).meta({ description: 'Only those that should have begun and did not' }),
  after,
  limit: pageLimit,
});
const cancelBody = z.strictObject({ by, reason: reason.nullable().default(null) }).prefault({});

interface JobRoutes {
  store: Store;
  operations: JobOperations;
}

/** Jobs: what ran, runs and waits; one with its runs and lineage; cancel. */
export function addJobs(server: FastifyInstance, { store, operations }: JobRoutes): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  routes.get('/v1/jobs', { schema: { querystring: jobsQuery } }, async (request) => {
    const { state, kind, since: from, late, after: afterId, limit } = request.query;
    const rows = await store.jobs.page({
      state,
      kind,
      sinceMs: from === undefined ? undefined : Date.parse(from),
      overdueBeforeMs: late ? Date.now() - LATE_MS : undefined,
      afterId,
      limit,
    });
    return { jobs: rows.map(jobView), next: nextAfter(rows, limit) };
  });
  routes.get('/v1/jobs/:id', { schema: { params: jobParams } }, async (request) => {
    const row = await jobOf(request.params.id);
    const [runs, lineage] = await Promise.all([store.runs.list(row.id), store.jobs.lineage(row.id, LINEAGE)]);
    return jobDetailView(row, runs, lineage);
  });
  routes.post(
    '/v1/jobs/:id/cancel',
    { schema: { params: jobParams, body: optionalBody(cancelBody) } },
    async (request) => {
      const row = await jobOf(request.params.id);
      const outcome = await operations.cancel(row.id, request.body.by, request.body.reason);
      return { outcome, job: jobView(await jobOf(row.id)) };
    },
  );

  async function jobOf(id: string): Promise<OutboxRow> {
    const row = await store.outbox.get(id);
    if (row === null) throw new OutturnError('not-found', `There is no job ${id}.`);
    return row;
  }
}
