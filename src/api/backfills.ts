import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  type BackfillPlan,
  type BackfillRow,
  type Backfills,
  type Config,
  durationSchema,
  OutturnError,
  PermanentError,
  type Store,
} from '#kit';
import { backfillChunkView, backfillPlanView, backfillView } from './backfill-view.ts';

const id = z.string().min(1).max(200);
/** A date is midnight UTC. */
const instant = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const body = z.strictObject({
  connector: id,
  stream: id.optional().meta({ description: 'All streams of the connector when absent, a backfill each' }),
  from: instant.meta({ description: 'Start of the window: a date (midnight UTC) or a date-time' }),
  to: instant.meta({ description: 'End of the window, excluded' }),
  chunk: durationSchema.prefault('7d').meta({ description: 'Length of one chunk', examples: ['7d'] }),
  plan: z.boolean().default(false).meta({ description: 'Only tell what it would be; nothing is written' }),
});
const params = z.object({ id });
const query = z.strictObject({
  state: z.enum(['running', 'done', 'failed', 'cancelled']).optional(),
  connector: id.optional(),
  stream: id.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});

/** `/v1/backfills`: plan, start, look at, cancel and resume backfills. */
export function addBackfills(
  server: FastifyInstance,
  { config, store, backfills }: { config: Config; store: Store; backfills: Backfills },
): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  const view = (row: BackfillRow) => backfillView(row, Date.now());
  const read = async (wanted: string): Promise<BackfillRow> => {
    const row = await store.backfills.get(wanted);
    if (row === null)
      throw new OutturnError('not-found', `There is no backfill ${wanted}.`, { hint: 'GET /v1/backfills lists them.' });
    return row;
  };
  const plan = (request: z.infer<typeof body>): Promise<BackfillPlan[]> => {
    const [fromMs, toMs] = [Date.parse(request.from), Date.parse(request.to)];
    const { connector, chunk: chunkMs } = request;
    return Promise.all(
      streamsOf(config, request).map((stream) =>
        backfills.plan({ connector, stream, fromMs, toMs, chunkMs }).catch((error: unknown) => {
          // At the command line it is the line that is wrong, here it is the request.
          if (!(error instanceof OutturnError) || error.code !== 'usage') throw error;
          throw new PermanentError('queue/invalid-arguments', error.message, { hint: error.hint });
        }),
      ),
    );
  };

  routes.post('/v1/backfills', { schema: { body } }, async (request, reply) => {
    const plans = await plan(request.body);
    if (request.body.plan) return { plans: plans.map(backfillPlanView) };
    const rows = await backfills.create(plans, 'api');
    if (rows[0] !== undefined && rows.length === 1) reply.header('location', `/v1/backfills/${rows[0].id}`);
    return reply
      .code(202)
      .send({ backfills: rows.map(view), warnings: [...new Set(plans.flatMap(({ warnings }) => warnings))] });
  });
  routes.get('/v1/backfills', { schema: { querystring: query } }, async (request) => ({
    backfills: (await store.backfills.list(request.query)).map(view),
  }));
  routes.get('/v1/backfills/:id', { schema: { params } }, async (request) => {
    const row = await read(request.params.id);
    return { ...view(row), chunks: (await store.backfills.chunks(row.id)).map(backfillChunkView) };
  });
  routes.post('/v1/backfills/:id/cancel', { schema: { params } }, async (request) => {
    const row = await read(request.params.id);
    const isCancelled = await store.backfills.cancel(row.id);
    return { outcome: isCancelled ? 'cancelled' : 'had-ended', ...view(await read(row.id)) };
  });
  routes.post('/v1/backfills/:id/resume', { schema: { params } }, async (request, reply) => {
    const row = await read(request.params.id);
    const isResumed = await store.backfills.resume(row.id, 'api');
    const now = await read(row.id);
    const outcome = isResumed ? 'resumed' : now.state === 'done' ? 'was-done' : 'was-running';
    return reply.code(isResumed ? 202 : 200).send({ outcome, ...view(now) });
  });
}

function streamsOf({ connectors }: Config, request: { connector: string; stream?: string | undefined }): string[] {
  const unknown = (what: string, name: string, known: readonly { id: string }[]) =>
    new PermanentError('config/unknown-reference', `There is no ${what} "${name}".`, {
      hint: `Known: ${known.map((each) => each.id).join(', ') || 'none'}.`,
    });
  const connector = connectors.find((known) => known.id === request.connector);
  if (connector === undefined) throw unknown('connector', request.connector, connectors);
  const { stream } = request;
  if (stream === undefined) return connector.streams.map((each) => each.id);
  if (!connector.streams.some((each) => each.id === stream)) throw unknown('stream', stream, connector.streams);
  return [stream];
}
