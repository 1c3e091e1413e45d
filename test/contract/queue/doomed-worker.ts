/** A worker process that its jobs kill, or that is killed while it holds one: see `spawnDoomed`. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobPorts } from '#kit';
import { createIntentResolver, createQueueRuntime } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { createMetrics } from '#src/telemetry/index';
import { silentLog } from '../../harness/database.ts';
import type { DoomedSettings } from './doomed.ts';
import { probeJobs } from './fixture.ts';

const { backend, databaseUrl, quits } = JSON.parse(process.argv[2] ?? '{}') as DoomedSettings;

const jobs = probeJobs(async ({ name }) => {
  process.stdout.write(`started ${name}\n`);
  if (name === 'orphan') await new Promise(() => undefined);
  // Long enough for a killer and its neighbours to be under way together.
  await delay(150);
  if (name === 'exit') process.exit(7);
  const hoard: number[][] = [];
  while (name === 'memory') hoard.push(new Array<number>(100_000).fill(hoard.length + 0.5));
  await delay(150);
  return 'completed';
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
await runtime.startWorkers({ concurrency: 4 });
process.stdout.write('ready\n');
if (quits) {
  await runtime.idle({ timeoutMs: 100_000 });
  await runtime.close({ graceMs: 0 });
  await store.close();
  process.exit(0);
}
