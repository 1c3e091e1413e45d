import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  type Config,
  type OutboxRow,
  OutturnError,
  type ProjectVersion,
  type Registry,
  readProject,
  type Store,
} from '#kit';
import { after, pageLimit, reason } from './decisions.ts';
import { jobView } from './job-view.ts';

const id = z.string().min(1).max(200);
const params = z.object({ id });
const changeQuery = z.strictObject({
  by: z.string().trim().min(1).max(200).optional().meta({ description: 'Who does it; stands in the history' }),
  reason: reason.nullable().default(null),
});
const listQuery = z.strictObject({
  after,
  limit: pageLimit,
  retired: z.enum(['true', 'false']).default('false').meta({ description: 'Retired ones as well' }),
});
const versionsQuery = z.strictObject({ before: z.coerce.number().int().min(1).optional(), limit: pageLimit });
/** Checked by hand: the schema of the YAML files, with the rules of the whole, all problems at once. */
const body = z.record(z.string(), z.unknown());
/** A project with many plans and cost lines. */
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

interface ProjectOptions {
  config: Config;
  registry: Registry;
  store: Store;
}

/** `/v1/projects`: what is in force and was, and projects made here: created, replaced, retired. */
export function addProjects(server: FastifyInstance, { config, registry, store }: ProjectOptions): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  const newest = async (wanted: string): Promise<ProjectVersion> => {
    const [version] = await store.projects.versions(wanted, { limit: 1 });
    if (version === undefined) throw missing(wanted);
    return version;
  };

  routes.get('/v1/projects', { schema: { querystring: listQuery } }, async ({ query }) => {
    const page = await store.projects.page({ ...query, retired: query.retired === 'true' });
    return {
      projects: page.map(summaryView),
      nextAfter: page.length < query.limit ? null : (page.at(-1)?.project.id ?? null),
    };
  });
  routes.get('/v1/projects/:id', { schema: { params } }, async (request, reply) => {
    const version = await newest(request.params.id);
    return reply.header('etag', etag(version)).send(versionView(version));
  });
  routes.get('/v1/projects/:id/versions', { schema: { params, querystring: versionsQuery } }, async (request) => {
    const { limit, before } = request.query;
    const versions = await store.projects.versions(request.params.id, { limit, before });
    if (versions.length === 0 && before === undefined) throw missing(request.params.id);
    return {
      versions: versions.map(versionView),
      nextBefore: versions.length < limit ? null : (versions.at(-1)?.version ?? null),
    };
  });

  const put = async (
    reply: FastifyReply,
    wanted: string,
    raw: unknown,
    { by, reason: why }: z.infer<typeof changeQuery>,
    ifVersion: number | null,
  ): Promise<FastifyReply> => {
    requireNotWritten(config, wanted);
    const { draft, errors, warnings } = readProject(wanted, raw, { config, registry });
    if (draft === null)
      throw new OutturnError(
        'api/invalid-request',
        errors.map(({ pointer, message }) => `${pointer || '(body)'}: ${message}`).join('; '),
        { facts: { errors: errors.map((each) => ({ path: dotted(each.pointer), ...each })) } },
      );
    const { version, outcome, job } = await store.transaction(
      async (tx) => {
        const stored = await tx.projects.put(draft, { by: recordedBy(by), reason: why, ifVersion });
        return { ...stored, job: stored.outcome === 'unchanged' ? null : await recompute(tx, wanted) };
      },
      { records: true },
    );
    return reply
      .code(outcome === 'created' ? 201 : 200)
      .header('etag', etag(version))
      .header('location', `/v1/projects/${encodeURIComponent(wanted)}`)
      .send({ outcome, ...versionView(version), warnings, job: job && jobView(job) });
  };
  const recompute = (tx: Pick<Store, 'outbox'>, project: string): Promise<OutboxRow> =>
    tx.outbox.enqueue({ kind: 'recompute-roi', args: { project }, cause: 'api: project' });

  const writes = { bodyLimit: BODY_LIMIT_BYTES, schema: { params, querystring: changeQuery, body } };
  routes.put('/v1/projects/:id', writes, async (request, reply) => {
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
    const [there] = await store.projects.versions(request.params.id, { limit: 1 });
    const inForce = there === undefined || there.isRetired ? null : there;
    const ifVersion = ifNoneMatch === '*' ? null : requiredVersion(ifMatch, inForce);
    return put(reply, request.params.id, request.body, request.query, ifVersion);
  });
  routes.post(
    '/v1/projects',
    { bodyLimit: BODY_LIMIT_BYTES, schema: { querystring: changeQuery, body: body.and(z.object({ id })) } },
    async (request, reply) => {
      const { id: wanted, ...raw } = request.body;
      return put(reply, wanted, raw, request.query, null);
    },
  );
  routes.delete('/v1/projects/:id', { schema: { params, querystring: changeQuery } }, async (request, reply) => {
    const there = await newest(request.params.id);
    const inForce = there.isRetired ? null : there;
    const { by, reason: why } = request.query;
    const ifVersion = requiredVersion(request.headers['if-match'], inForce);
    const version = await store.transaction(
      (tx) => tx.projects.retire(request.params.id, { by: recordedBy(by), reason: why, ifVersion }),
      { records: true },
    );
    return reply.header('etag', etag(version)).send({ outcome: 'retired', ...versionView(version) });
  });
}

const recordedBy = (by: string | undefined): string => (by === undefined ? 'api' : `api:${by}`);
const etag = ({ version }: ProjectVersion): string => `"${version}"`;
const dotted = (pointer: string): string => pointer.slice(1).replaceAll('/', '.') || '(body)';
const missing = (wanted: string): OutturnError =>
  new OutturnError('not-found', `There is no project ${wanted}.`, { hint: 'GET /v1/projects lists them.' });

/** A file that has it would take it over with the next apply. */
function requireNotWritten({ projects }: Config, wanted: string): void {
  if (projects.some((written) => written.id === wanted))
    throw new OutturnError(
      'api/conflict',
      `The project ${wanted} is managed by the configuration and read-only here.`,
      {
        hint: 'Change it in its YAML file and apply that, or use another id.',
      },
    );
}

/** Of what is in force, the version that the caller has read; null where nothing is and nothing is said. */
function requiredVersion(ifMatch: string | undefined, inForce: ProjectVersion | null): number | null {
  if (ifMatch === undefined) {
    // Whoever manages it by configuration is told that first.
    if (inForce === null || inForce.managed === 'config') return inForce?.version ?? null;
    throw new OutturnError(
      'api/precondition-required',
      `The project ${inForce.project.id} is there already, in version ${inForce.version}.`,
      { hint: 'Read it, and send the change with `If-Match` and the `ETag` of that answer.' },
    );
  }
  if (ifMatch.trim() === '*') return inForce?.version ?? 0;
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(ifMatch.trim())?.[1];
  if (version !== undefined) return Number(version);
  throw new OutturnError('api/precondition-failed', '`If-Match` is no ETag of a project.', {
    hint: 'It is the version in double quotes, as the answer to GET has it: `If-Match: "3"`.',
  });
}

const summaryView = ({ project, version, managed, isRetired, recordedAtMs, recordedBy: by }: ProjectVersion) => ({
  id: project.id,
  name: project.name,
  portfolio: project.portfolio,
  currency: project.currency,
  managed,
  version,
  isRetired,
  recordedAt: new Date(recordedAtMs).toISOString(),
  recordedBy: by,
});

/** `definition` is what was sent, to be changed and sent again; `project` what came of it. */
const versionView = (version: ProjectVersion) => ({
  ...summaryView(version),
  reason: version.reason,
  definitionHash: version.definitionHash,
  definition: version.written,
  project: version.project,
});
