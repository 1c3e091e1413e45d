/** A worker process that is killed while it holds a job: see `spawnDoomed`. */
import { randomUUID } from 'node:crypto';
import type { JobPorts } from '#kit';
import { createIntentResolver, createQueueRuntime } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { createMetrics } from '#src/telemetry/index';
import { silentLog } from '../../harness/database.ts';
import type { DoomedSettings } from './doomed.ts';
import { probeJobs } from './fixture.ts';

const { backend, databaseUrl } = JSON.parse(process.argv[2] ?? '{}') as DoomedSettings;

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
const runtime = await createQueueRuntime({ backend, jobs, ports, instance: `doomed:${process.pid}` });
await runtime.startWorkers({ concurrency: 1 });
process.stdout.write('ready\n');
