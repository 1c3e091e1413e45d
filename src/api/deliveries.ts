import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type DeliveryRow, type JobOperations, OutturnError, type Store } from '#kit';
import { after, by, nextAfter, pageLimit, reason } from './decisions.ts';
import { deliveryView } from './delivery-view.ts';

const params = z.object({ id: z.string().min(1).max(200) });
const query = z.strictObject({
  state: z.enum(['pending', 'sending', 'sent', 'failed', 'unknown']).optional(),
  subscription: z.string().min(1).max(200).optional(),
  after,
  limit: pageLimit,
});
const settleBody = z.strictObject({
  by,
  arrived: z.boolean().meta({ description: 'false: it is sent now' }),
  reason: reason.nullable().default(null),
});

interface DeliveryRoutes {
  store: Store;
  operations: JobOperations;
}

/** Messages of digests: which left, and which nobody knows about until a person says. */
export function addDeliveries(server: FastifyInstance, { store, operations }: DeliveryRoutes): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  routes.get('/v1/deliveries', { schema: { querystring: query } }, async (request) => {
    const { after: afterId, ...filter } = request.query;
    const rows = await store.deliveries.search({ ...filter, afterId });
    return { deliveries: rows.map(deliveryView), next: nextAfter(rows, filter.limit) };
  });
  routes.get('/v1/deliveries/:id', { schema: { params } }, async (request) =>
    deliveryView(await deliveryOf(request.params.id)),
  );
  routes.post('/v1/deliveries/:id/settle', { schema: { params, body: settleBody } }, async (request) => {
    const row = await deliveryOf(request.params.id);
    if (row.state !== 'unknown')
      throw new OutturnError('api/conflict', `The delivery is ${row.state}: there is nothing to settle.`);
    const { delivery, jobId } = await operations.settle(row, request.body);
    return { ...deliveryView(delivery), jobId };
  });

  async function deliveryOf(id: string): Promise<DeliveryRow> {
    const row = await store.deliveries.get(id);
    if (row === null) throw new OutturnError('not-found', `There is no delivery ${id}.`);
    return row;
  }
}
