import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type DeadLetterRow, type JobOperations, OutturnError, type Store } from '#kit';
import { type DeadLetterDetailView, deadLetterView } from './dead-letter-view.ts';
import { after, by, nextAfter, optionalBody, pageLimit, reason, since } from './decisions.ts';
import { jobView } from './job-view.ts';

const params = z.object({
  id: z.string().min(1).max(200).meta({ description: 'Id of the dead letter or of its job' }),
});
const query = z.strictObject({
  state: z.enum(['open', 'replaying', 'succeeded', 'cancelled', 'discarded', 'all']).default('open'),
  kind: z.string().min(1).max(200).optional(),
  code: z.string().min(1).max(200).optional(),
  since: since.meta({ description: 'Failed last at that time or later' }),
  after,
  limit: pageLimit,
});
const replayBody = z
  .strictObject({ by, force: z.boolean().default(false).meta({ description: 'Also when it is not needed any more' }) })
  .prefault({});
const discardBody = z.strictObject({ by, reason });

interface DeadLetterRoutes {
  store: Store;
  operations: JobOperations;
}

/** Jobs that failed for good: list, show with what a replay would do, replay, discard. */
export function addDeadLetters(server: FastifyInstance, { store, operations }: DeadLetterRoutes): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  routes.get('/v1/dead-letters', { schema: { querystring: query } }, async (request) => {
    const { state, kind, code, since: from, after: afterId, limit } = request.query;
    const rows = await store.deadLetters.search({
      state: state === 'all' ? undefined : state,
      kind,
      code,
      sinceMs: from === undefined ? undefined : Date.parse(from),
      afterId,
      limit,
    });
    return { deadLetters: rows.map(deadLetterView), next: nextAfter(rows, limit) };
  });
  routes.get('/v1/dead-letters/:id', { schema: { params } }, async (request) =>
    detail(await letterOf(request.params.id)),
  );
  routes.post(
    '/v1/dead-letters/:id/replay',
    { schema: { params, body: optionalBody(replayBody) } },
    async (request, reply) => {
      const letter = await letterOf(request.params.id);
      const plan = await operations.deadLetters.plan(letter);
      const isWanted = plan.verdict === 'replay' || (plan.verdict === 'not-needed' && request.body.force);
      if (!isWanted || !(await operations.deadLetters.replay(letter.jobId, request.body.by)))
        throw new OutturnError('api/conflict', plan.reason ?? 'The job is not failed any more.', {
          hint:
            plan.verdict === 'not-needed'
              ? 'Send "force": true to replay it all the same, or discard it.'
              : 'GET the dead letter to see how it stands.',
        });
      const row = await store.outbox.get(letter.jobId);
      return reply
        .code(202)
        .header('location', `/v1/jobs/${letter.jobId}`)
        .send({ job: row === null ? null : jobView(row), replay: plan });
    },
  );
  routes.post('/v1/dead-letters/:id/discard', { schema: { params, body: discardBody } }, async (request) => {
    const letter = await letterOf(request.params.id);
    if (!(await operations.deadLetters.discard(letter.jobId, request.body.by, request.body.reason)))
      throw new OutturnError('api/conflict', `It is ${letter.state}: only what is open can be discarded.`);
    return deadLetterView(await letterOf(letter.id));
  });

  async function detail(letter: DeadLetterRow): Promise<DeadLetterDetailView> {
    return { ...deadLetterView(letter), replay: await operations.deadLetters.plan(letter) };
  }

  async function letterOf(id: string): Promise<DeadLetterRow> {
    const letter = (await store.deadLetters.find(id, 10)).find((row) => row.id === id || row.jobId === id);
    if (letter === undefined) throw new OutturnError('not-found', `There is no dead letter ${id}.`);
    return letter;
  }
}
