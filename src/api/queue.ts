import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type JobOperations, type QueueName, queueNames } from '#kit';
import { optionalBody } from './decisions.ts';

const switchBody = z
  .strictObject({
    queues: z
      .array(z.enum(queueNames as [QueueName, ...QueueName[]]))
      .min(1)
      .optional()
      .meta({ description: 'All when absent' }),
  })
  .prefault({});

/** The queue: how many jobs wait and run; pause and resume. */
export function addQueue(server: FastifyInstance, { operations }: { operations: JobOperations }): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  routes.get('/v1/queue', async () => operations.queue());
  for (const name of ['pause', 'resume'] as const)
    routes.post(`/v1/queue/${name}`, { schema: { body: optionalBody(switchBody) } }, async (request) => {
      await operations[name](request.body.queues);
      return operations.queue();
    });
}
