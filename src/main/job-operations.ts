import type { JobOperations } from '#kit';
import type { App } from './app.ts';
import { createDeadLetterAdmin } from './dead-letters.ts';
import { jobKinds } from './registry.ts';
import { settleDelivery } from './settle-delivery.ts';

/** The queue is opened on first use: an API process answers about the database without it. */
export function createJobOperations(app: App): JobOperations {
  const { store } = app;
  return {
    deadLetters: createDeadLetterAdmin(app.ports, jobKinds),
    async cancel(jobId, by, reason) {
      const outcome = await (await app.queue()).cancel(jobId);
      if (outcome === 'cancelled') await store.outbox.explainCancel(jobId, reason === null ? by : `${by}: ${reason}`);
      return outcome;
    },
    settle: (delivery, verdict) => settleDelivery(store, delivery, verdict),
    async queue() {
      const { backend, target, counts } = await (await app.queue()).health();
      return { backend, target, queues: counts };
    },
    pause: async (queues) => (await app.queue()).pause(queues),
    resume: async (queues) => (await app.queue()).resume(queues),
  };
}
