import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type FireOutcome, fireOutcomes, OutturnError, type ScheduleAdmin, type Store } from '#kit';
import { jobView } from './job-view.ts';
import { explanationView, fireView, pauseView, scheduleView } from './schedule-view.ts';

const id = z.string().min(1).max(200);
const params = z.object({ id });
const limit = z.coerce.number().int().min(1).max(1000).default(50);
const outcome = z.enum(fireOutcomes as [FireOutcome, ...FireOutcome[]]).optional();
const slot = z.string().min(1).max(100).optional().meta({ description: 'The beginning of a slot, such as a date' });
const firesQuery = z.strictObject({ slot, outcome, limit });
const whyQuery = z.strictObject({
  slot: z.string().min(1).max(100).meta({ description: 'A slot, a local time of the schedule or an instant' }),
});
/** Who does it, beside that it came by HTTP: the token is everybody's. */
const by = z.string().trim().min(1).max(200).default('api');
const decisionBody = z.strictObject({ by }).prefault({});
const pauseBody = z
  .strictObject({
    by,
    reason: z.string().trim().min(1).max(500).nullable().default(null),
    until: z.iso.datetime({ offset: true }).nullable().default(null),
  })
  .prefault({});
/** No body at all is an empty one. */
const optional = <T extends z.ZodType>(schema: T) => z.preprocess((value) => value ?? undefined, schema);

interface ScheduleOptions {
  schedules: ScheduleAdmin;
  store: Store;
}

/** Schedules: what they are, what they fired, why one did not; run, pause, resume. */
export function addSchedules(server: FastifyInstance, { schedules, store }: ScheduleOptions): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  routes.get('/v1/schedules', async () => {
    const scheduler = await schedules.lastScheduler();
    return {
      schedules: (await schedules.list()).map(scheduleView),
      scheduler:
        scheduler === null
          ? null
          : {
              instance: scheduler.instance,
              seenAt: new Date(scheduler.seenAtMs).toISOString(),
              isRunning: scheduler.isRunning,
            },
    };
  });
  routes.get('/v1/fires', { schema: { querystring: firesQuery } }, async (request) => ({
    fires: (await schedules.fires(request.query)).map(fireView),
  }));
  routes.get('/v1/schedules/:id/fires', { schema: { params, querystring: firesQuery } }, async (request) => ({
    fires: (await asResource(schedules.fires({ schedule: request.params.id, ...request.query }))).map(fireView),
  }));
  routes.get('/v1/schedules/:id/why', { schema: { params, querystring: whyQuery } }, async (request) =>
    explanationView(await asResource(schedules.explain(request.params.id, request.query.slot))),
  );
  routes.post('/v1/schedules/:id/run', { schema: { params, body: optional(decisionBody) } }, async (request, reply) => {
    const jobId = await asResource(schedules.run(request.params.id, request.body.by));
    const row = await store.outbox.get(jobId);
    reply.code(202).header('location', `/v1/jobs/${jobId}`);
    return row === null ? { id: jobId } : jobView(row);
  });
  routes.post('/v1/schedules/:id/pause', { schema: { params, body: optional(pauseBody) } }, async (request) => {
    const { by: pausedBy, reason, until } = request.body;
    const untilMs = until === null ? null : Date.parse(until);
    const { pause, nextAtMs } = await asResource(schedules.pause(request.params.id, { by: pausedBy, reason, untilMs }));
    return {
      id: request.params.id,
      paused: pauseView(pause),
      next: nextAtMs === null ? null : new Date(nextAtMs).toISOString(),
    };
  });
  routes.post('/v1/schedules/:id/resume', { schema: { params, body: optional(decisionBody) } }, async (request) => ({
    id: request.params.id,
    wasPaused: await asResource(schedules.resume(request.params.id, request.body.by)),
  }));
}

/** An unknown id stands in the address here, not in a body; what cannot be done is the caller's mistake. */
async function asResource<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof OutturnError)) throw error;
    const code =
      error.code === 'config/unknown-reference'
        ? 'not-found'
        : error.code === 'usage'
          ? 'api/invalid-request'
          : error.code;
    throw new OutturnError(code, error.message, { hint: error.hint, cause: error });
  }
}
