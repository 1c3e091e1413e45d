/** The queue: the only importer of bullmq and ioredis. Outbox relay, worker runtime, error mapping. */
export { argumentsToRun, createIntentResolver } from './intents.ts';
export type { RedisAddress, RedisSettings, RedisTls } from './redis/settings.ts';
export { createQueueRuntime, type QueueRuntime } from './runtime.ts';
