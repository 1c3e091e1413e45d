import { z } from 'zod';
import { defineJob } from '#kit';

const args = z.strictObject({
  connector: z.string().min(1),
  stream: z.string().min(1),
});

/** Measures the steps of a stream of Prometheus samples that are over; asked for by each request that brings samples of a new step. */
export const closePushSteps = defineJob({
  kind: 'close-push-steps',
  version: 1,
  queue: 'pull',
  args,
  attempts: 8,
  backoff: { baseMs: 5_000, capMs: 600_000 },
  timeoutMs: 10 * 60_000,
  dedupeKey: ({ connector, stream }) => `${connector}/${stream}`,
  run: ({ connector, stream }, { jobId, attempt, fence, signal, ports, progress }) =>
    ports.pushSteps.close({ connector, stream, jobId, attempt, fence }, { signal, progress }),
});
