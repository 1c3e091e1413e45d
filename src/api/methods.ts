import type { FastifyInstance } from 'fastify';
import { sendProblem } from './problem.ts';

/** A known path with another method is answered by 405 and `Allow`, before its body is looked at; to be called before the routes are added. */
export function refuseOtherMethods(server: FastifyInstance): void {
  const routes: { segments: string[]; methods: string[] }[] = [];
  server.addHook('onRoute', ({ url, method }) => {
    routes.push({ segments: url.split('/'), methods: [method].flat() });
  });
  server.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const path = request.url.split('?')[0] ?? '';
    const given = path.split('/');
    const fitting = routes.filter(
      ({ segments }) =>
        segments.length === given.length &&
        segments.every((segment, index) => (segment.startsWith(':') ? given[index] !== '' : segment === given[index])),
    );
    if (fitting.length === 0) return;
    const allowed = [...new Set(fitting.flatMap(({ methods }) => methods))].sort().join(', ');
    reply.header('allow', allowed);
    return sendProblem(reply, request, {
      title: 'The method is not allowed',
      status: 405,
      code: 'api/method-not-allowed',
      detail: `${path} does not take ${request.method}.`,
      hint: `It takes ${allowed}.`,
    });
  });
}
