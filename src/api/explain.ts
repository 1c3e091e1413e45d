import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { explain, type FigurePorts } from '#kit';
import { businessDate, instant, knownAtOf } from './known-at.ts';

const params = z.object({ id: z.string().min(1).max(200) });
const query = z.strictObject({
  figure: z
    .string()
    .min(1)
    .max(300)
    .default('roi')
    .meta({ description: 'A figure, a metric, or the path of a node below one' }),
  asOf: businessDate.optional().meta({ description: 'Business date; today in the project’s time zone when absent' }),
  knownAt: instant.optional().meta({ description: 'Only what was recorded by then; now when absent' }),
  depth: z.coerce.number().int().min(0).max(20).default(3),
  limit: z.coerce.number().int().min(1).max(10_000).default(100).meta({ description: 'Children of one node at most' }),
});

/** How a figure was made, down to the archived page: the tree that the CLI prints. */
export function addExplain(server: FastifyInstance, ports: FigurePorts): void {
  server
    .withTypeProvider<ZodTypeProvider>()
    .get('/v1/projects/:id/explain', { schema: { params, querystring: query } }, async (request) => {
      const { figure, knownAt, ...rest } = request.query;
      const knownAtMs = knownAtOf(knownAt, ports.clock.nowMs());
      return await explain(ports, { ...rest, project: request.params.id, path: figure, knownAtMs });
    });
}
