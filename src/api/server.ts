import { createHash, timingSafeEqual } from 'node:crypto';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import {
  type Backfills,
  type Clock,
  type Config,
  type JobOperations,
  type Logger,
  type Metrics,
  noTracing,
  type ObjectStore,
  PermanentError,
  type PushReceiver,
  type Registry,
  type ScheduleAdmin,
  type SecretAdmin,
  type Store,
  type Tracing,
} from '#kit';
import { addBackfills } from './backfills.ts';
import { addBudgets } from './budgets.ts';
import { addConnectors } from './connectors.ts';
import { addDeadLetters } from './dead-letters.ts';
import { addDeliveries } from './deliveries.ts';
import { endRequests } from './end-requests.ts';
import { addExplain } from './explain.ts';
import { jobView } from './job-view.ts';
import { addJobs } from './jobs.ts';
import { refuseOtherMethods } from './methods.ts';
import { addMoved } from './moved.ts';
import { addPortfolios } from './portfolios.ts';
import { problemOf, sendProblem } from './problem.ts';
import { addProjects } from './projects.ts';
import { addPush } from './push.ts';
import { addQueue } from './queue.ts';
import { addReports } from './reports.ts';
import { addRoi } from './roi.ts';
import { addSchedules } from './schedules.ts';
import { pullBody, recalculationBody } from './schemas.ts';
import { addSecrets } from './secrets.ts';
import { traceRequests } from './trace-requests.ts';

export interface ApiOptions {
  config: Config;
  registry: Registry;
  store: Store;
  clock: Clock;
  objects: ObjectStore;
  schedules: ScheduleAdmin;
  operations: JobOperations;
  backfills: Backfills;
  /** Absent: nothing is taken from senders. */
  push?: PushReceiver | undefined;
  secrets: SecretAdmin;
  metrics: Metrics;
  log: Logger;
  /** Bearer token that every route asks for but health checks and reports; reports ask for a key made from it. */
  token: string;
  /** What must answer before this process takes work; each entry null when well, else what is wrong. */
  readiness(): Promise<Record<string, string | null>>;
  newId(): string;
  /** Absent: nothing is traced. */
  tracing?: Tracing | undefined;
  /** So long the requests under way may take when the API is closed. Absent: five seconds. */
  endPatienceMs?: number;
}
export interface Api {
  /** Throws PermanentError `api/port-in-use`. Port 0 takes a free one. */
  listen(address: { host: string; port: number }): Promise<{ url: string }>;
  /** Requests under way end first, others are answered 503. */
  close(): Promise<void>;
}

const BODY_LIMIT_BYTES = 64 * 1024;
/** Of ids in addresses, percent-encoded: a stream's schedule is `pull:<connector>.<stream>`, 63 characters each. */
const MOST_PARAMETER_CHARACTERS = 600;

export function createApi(options: ApiOptions): Api {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    genReqId: () => options.newId(),
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MOST_PARAMETER_CHARACTERS },
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  const { isEnding } = endRequests(server, options.endPatienceMs);
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500 && isEnding()) {
      options.log.info(
        { requestId: request.id, method: request.method, route: request.routeOptions.url },
        'a request was cut off, as this process ends; its sender may send it again',
      );
      return sendProblem(reply, request, {
        title: 'The process is ending',
        status: 503,
        code: 'storage/unavailable',
        detail: 'This process is ending; send the request again.',
      });
    }
    if (problem.status >= 500)
      options.log.error(
        {
          requestId: request.id,
          method: request.method,
          route: request.routeOptions.url,
          error: error.message,
          stack: error.stack,
        },
        'request failed',
      );
    return sendProblem(reply, request, problem);
  });
  server.setNotFoundHandler((request, reply) =>
    sendProblem(reply, request, {
      title: 'Not found',
      status: 404,
      code: 'not-found',
      detail: `There is no ${request.method} ${request.url.split('?')[0]}.`,
    }),
  );
  server.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  refuseOtherMethods(server);
  traceRequests(server, options.tracing ?? noTracing);
  addHealth(server, options);
  addReports(server, options);
  if (options.push !== undefined) addPush(server, { ...options, push: options.push });
  server.register(async (guarded) => {
    guarded.addHook('onRequest', async (request, reply) => {
      if (authorised(request.headers.authorization, options.token)) return;
      reply.header('www-authenticate', 'Bearer realm="outturn"');
      return sendProblem(reply, request, {
        title: 'Not authorised',
        status: 401,
        code: 'api/unauthorised',
        detail:
          request.headers.authorization === undefined
            ? 'The bearer token is missing.'
            : 'The bearer token is not the right one.',
        hint: 'Send `Authorization: Bearer …` with the value of settings.api.token.',
      });
    });
    addRoutes(guarded, options);
    addJobs(guarded, options);
    addDeadLetters(guarded, options);
    addDeliveries(guarded, options);
    addQueue(guarded, options);
    addSchedules(guarded, options);
    addBackfills(guarded, options);
    addBudgets(guarded, options);
    addConnectors(guarded, options);
    addExplain(guarded, options);
    addRoi(guarded, options);
    addMoved(guarded, options);
    addPortfolios(guarded, options);
    addProjects(guarded, options);
    addSecrets(guarded, options);
  });
  return {
    async listen({ host, port }) {
      try {
        return { url: await server.listen({ host, port }) };
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
          throw new PermanentError('api/port-in-use', `Port ${port} on ${host} is in use by another process.`, {
            hint: 'Choose another one in settings.api.port or by --port, or end the process that holds it.',
            cause: error,
          });
        if (error instanceof Error && 'code' in error && error.code === 'EACCES')
          throw new PermanentError('api/port-in-use', `This user may not listen on port ${port}.`, {
            hint: 'Choose a port above 1023.',
            cause: error,
          });
        throw error;
      }
    },
    close: () => server.close(),
  };
}

function authorised(header: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const given = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function addHealth(server: FastifyInstance, { readiness }: ApiOptions): void {
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const checks = await readiness();
    const ready = Object.values(checks).every((problem) => problem === null);
    return reply.code(ready ? 200 : 503).send({
      status: ready ? 'ready' : 'not ready',
      checks: Object.fromEntries(Object.entries(checks).map(([name, problem]) => [name, problem ?? 'ok'])),
    });
  });
}

function addRoutes(server: FastifyInstance, { config, registry, store, metrics }: ApiOptions): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  routes.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await metrics.expose();
    return reply.type(contentType).send(body);
  });
  routes.post('/v1/recalculations', { schema: { body: recalculationBody } }, async (request, reply) => {
    const { project } = request.body;
    const projects = (await store.projects.list()).map((known) => known.id);
    if (!projects.includes(project)) throw unknownReference('project', project, projects);
    const row = await store.transaction((tx) =>
      tx.outbox.enqueue({ kind: 'recompute-roi', args: request.body, cause: 'api' }),
    );
    return reply.code(202).header('location', `/v1/jobs/${row.id}`).send(jobView(row));
  });
  routes.post('/v1/pulls', { schema: { body: pullBody } }, async (request, reply) => {
    const connector = config.connectors.find((known) => known.id === request.body.connector);
    if (connector === undefined)
      throw unknownReference(
        'connector',
        request.body.connector,
        config.connectors.map((known) => known.id),
      );
    if (registry.connectorKind(connector.kind)?.capabilities.pull === false)
      throw new PermanentError('queue/invalid-arguments', `${connector.id} is sent to: there is nobody to pull from.`, {
        hint: 'Let the sender send again; what is stored already is not stored twice.',
      });
    const streams = connector.streams.map((stream) => stream.id);
    const stream = request.body.stream ?? (streams.length === 1 ? streams[0] : undefined);
    if (stream === undefined)
      throw new PermanentError(
        'config/unknown-reference',
        `${connector.id} has ${streams.length} streams; name one as "stream".`,
        { hint: `Its streams: ${streams.join(', ')}.` },
      );
    if (!streams.includes(stream)) throw unknownReference('stream', stream, streams);
    const row = await store.transaction((tx) =>
      tx.outbox.enqueue({ kind: 'pull', args: { ...request.body, stream }, cause: 'api' }),
    );
    return reply.code(202).header('location', `/v1/jobs/${row.id}`).send(jobView(row));
  });
}

function unknownReference(what: string, id: string, known: string[]): PermanentError {
  return new PermanentError('config/unknown-reference', `There is no ${what} "${id}".`, {
    hint: known.length === 0 ? `The configuration has no ${what} at all.` : `Known: ${known.slice(0, 20).join(', ')}.`,
  });
}
