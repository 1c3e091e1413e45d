/** The queue: the only importer of bullmq and ioredis. Outbox relay, worker runtime, error mapping. */
export { createIntentResolver } from './intents.ts';
export { createQueueRuntime, type QueueCounts, type QueueHealth, type QueueRuntime } from './runtime.ts';
