import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { movedFigures } from '#domain';
import { type FigurePorts, whatMoved } from '#kit';

const params = z.object({ id: z.string().min(1).max(200) });
const end = z.string().min(1).max(100).optional();
const query = z.strictObject({
  from: end.meta({
    description:
      'A date (the last snapshot as of it or before) or the beginning of a snapshot’s id; the one before `to`',
  }),
  to: end.meta({ description: 'The same; the newest when absent' }),
  figure: z.enum(movedFigures).default('npv'),
});

/** What moved a figure between two snapshots: eight causes that sum to the difference. */
export function addMoved(server: FastifyInstance, ports: Parameters<typeof whatMoved>[0]): void {
  server
    .withTypeProvider<ZodTypeProvider>()
    .get('/v1/projects/:id/moved', { schema: { params, querystring: query } }, (request) =>
      whatMoved(ports, { project: request.params.id, ...request.query }),
    );
}
