import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  type Clock,
  type Config,
  connectorHealth,
  nearest,
  OutturnError,
  type Registry,
  type ScheduleAdmin,
  type Store,
} from '#kit';
import { connectorView } from './connector-view.ts';

const params = z.object({ id: z.string().min(1).max(63) });

interface ConnectorOptions {
  config: Config;
  registry: Registry;
  store: Store;
  schedules: ScheduleAdmin;
  clock: Clock;
}

/** Connectors: how each does, stream by stream. */
export function addConnectors(server: FastifyInstance, { clock, ...parts }: ConnectorOptions): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  const read = async () => (await connectorHealth({ ...parts, nowMs: clock.nowMs() })).map(connectorView);
  routes.get('/v1/connectors', async () => ({ connectors: await read() }));
  routes.get('/v1/connectors/:id', { schema: { params } }, async (request) => {
    const connectors = await read();
    const { id } = request.params;
    const found = connectors.find((each) => each.id === id);
    if (found !== undefined) return found;
    const meant = nearest(
      id,
      connectors.map((each) => each.id),
    );
    throw new OutturnError('not-found', `There is no connector ${id}.`, {
      hint: meant === null ? 'GET /v1/connectors lists them.' : `Did you mean ${meant}? GET /v1/connectors lists them.`,
    });
  });
}
