/** A worker process to be killed: takes the job, says so on standard output, and never ends it. */
import { randomUUID } from 'node:crypto';
import type { JobPorts } from '#kit';
import { createIntentResolver, createQueueRuntime } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { createMetrics } from '#src/telemetry/index';
import { silentLog } from '../../harness/database.ts';
import { probeJobs } from './fixture.ts';

const [kind, queueUrl, databaseUrl] = process.argv.slice(2);
if ((kind !== 'postgres' && kind !== 'redis') || queueUrl === undefined || databaseUrl === undefined)
  throw new Error('usage: doomed-worker postgres|redis QUEUE_URL DATABASE_URL');

const jobs = probeJobs(async ({ name }) => {
  process.stdout.write(`started ${name}\n`);
  await new Promise(() => undefined);
});
const clock = { nowMs: () => Date.now() };
const store = await openStore({
  url: databaseUrl,
  resolver: createIntentResolver(jobs),
  clock,
  newId: randomUUID,
  log: silentLog,
  applicationName: 'doomed-worker',
});
const ports = {
  store,
  clock,
  log: silentLog,
  metrics: createMetrics(),
  newId: randomUUID,
  redact: (text: string) => text,
} as unknown as JobPorts;
const runtime = await createQueueRuntime({ backend: { kind, url: queueUrl }, jobs, ports, instance: 'doomed' });
await runtime.startWorkers({ concurrency: 1 });
process.stdout.write('ready\n');
