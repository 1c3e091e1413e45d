import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { OutturnError, SECRET_NAME, SECRET_NAME_RULE, type SecretAdmin, type SecretView } from '#kit';

const params = z.object({ name: z.string().regex(SECRET_NAME, { error: `a name has ${SECRET_NAME_RULE}` }) });
/** Of characters: what is stored may have 64 KiB, and so may the body. */
const value = z.string().min(1).max(60_000).meta({ description: 'Never given back.' });
const by = z.string().trim().min(1).max(200).default('api');
const body = z.strictObject({ value, by });
const force = z
  .enum(['true', 'false'])
  .default('false')
  .transform((word) => word === 'true');

/** Secrets: written, listed and removed; no route gives a value. */
export function addSecrets(server: FastifyInstance, { secrets }: { secrets: SecretAdmin }): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  routes.get('/v1/secrets', async () => ({ secrets: (await secrets.list()).map(secretView) }));
  routes.put('/v1/secrets/:name', { schema: { params, body } }, async (request, reply) => {
    const done = await asRequest(secrets.set(request.params.name, request.body.value, request.body.by));
    reply.code(done === 'created' ? 201 : 200).header('location', '/v1/secrets');
    return { name: request.params.name, done };
  });
  routes.delete(
    '/v1/secrets/:name',
    { schema: { params, querystring: z.strictObject({ force }) } },
    async (request, reply) => {
      await asRequest(secrets.remove(request.params.name, request.query));
      return reply.code(204).send();
    },
  );
}

const secretView = ({ setAtMs, usedBy, ...view }: SecretView) => ({
  ...view,
  setAt: setAtMs === null ? null : new Date(setAtMs).toISOString(),
  usedBy: usedBy.map(({ path, file, line, column, connector }) => ({ path, file, line, column, connector })),
});

async function asRequest<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof OutturnError) || error.code !== 'usage') throw error;
    throw new OutturnError('api/invalid-request', error.message, { cause: error });
  }
}
