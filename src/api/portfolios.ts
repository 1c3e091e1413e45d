import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type FigurePorts, fields, portfolioAt, portfolioIds } from '#kit';
import { businessDate, instant, knownAtOf } from './known-at.ts';

const params = z.object({ id: z.string().min(1).max(200) });
const query = z.strictObject({
  asOf: businessDate.optional().meta({ description: 'Business date; today when absent' }),
  knownAt: instant.optional().meta({ description: 'Only what was recorded by then' }),
  currency: fields.currency.optional().meta({ description: 'Another currency than the portfolio’s' }),
});
const historyQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(50) });

/** Projects rolled up: claims settled, one currency. */
export function addPortfolios(server: FastifyInstance, ports: FigurePorts): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  routes.get('/v1/portfolios', async () => ({ portfolios: (await portfolioIds(ports)).map((id) => ({ id })) }));
  routes.get('/v1/portfolios/:id', { schema: { params, querystring: query } }, async (request) => {
    const { knownAt, ...rest } = request.query;
    const knownAtMs = knownAtOf(knownAt, ports.clock.nowMs());
    const {
      asOf,
      knownAtMs: known,
      inputsHash,
      outputs,
    } = await portfolioAt(ports, request.params.id, { ...rest, knownAtMs });
    return { asOf, knownAtMs: known, inputsHash, outputs };
  });
  routes.get('/v1/portfolios/:id/history', { schema: { params, querystring: historyQuery } }, async (request) => ({
    snapshots: await ports.store.portfolios.history(request.params.id, request.query.limit),
  }));
}
