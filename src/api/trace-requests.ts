import type { FastifyInstance } from 'fastify';
import { OutturnError, type Tracing } from '#kit';

/** Asked every few seconds by machines. */
const untraced: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz', '/metrics', undefined]);

/**
 * Each request is a span, within the trace that its `traceparent` header names: what it asks for belongs to it. Begun before
 * the handler and after the body was read, for reading leaves the request's own asynchronous context.
 */
export function traceRequests(server: FastifyInstance, tracing: Tracing): void {
  if (!tracing.isOn) return;
  server.addHook('preHandler', (request, reply, done) => {
    const route = request.routeOptions.url;
    if (route === undefined || untraced.has(route)) return done();
    const parent = request.headers['traceparent'];
    const options = {
      kind: 'server',
      parent: typeof parent === 'string' ? parent : null,
      attributes: { 'http.request.method': request.method, 'http.route': route, 'outturn.request.id': request.id },
    } as const;
    void tracing.span(
      `${request.method} ${route}`,
      options,
      (span) =>
        new Promise<void>((resolve) => {
          reply.raw.once('close', () => {
            span.set({ 'http.response.status_code': reply.statusCode });
            if (reply.statusCode >= 500) span.fail(new OutturnError('internal', `Answered ${reply.statusCode}.`));
            resolve();
          });
          done();
        }),
    );
  });
}
