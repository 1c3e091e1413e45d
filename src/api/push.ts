import type { FastifyInstance } from 'fastify';
import type { Clock, Config, PushReceiver, Registry } from '#kit';
import { addMeasurements } from './measurements.ts';
import { PushAccess } from './push-access.ts';
import { addRemoteWrite } from './remote-write.ts';

/** What senders push, each with the token of its connector: the admin token opens nothing here, and theirs nothing else. */
export function addPush(
  server: FastifyInstance,
  { config, registry, clock, push }: { config: Config; registry: Registry; clock: Clock; push: PushReceiver },
): void {
  server.register(async (open) => {
    // Bodies are read as streams, within the limits of the connector: nothing is held before the token is known.
    open.removeAllContentTypeParsers();
    open.addContentTypeParser('*', (_request, _payload, done) => done(null));
    const routes = { push, access: new PushAccess({ config, registry, clock, push }), nowMs: () => clock.nowMs() };
    addMeasurements(open, routes);
    addRemoteWrite(open, routes);
  });
}
