/** A worker process for backfills. Its source kills the process in the window that it is told to die in, and answers otherwise. */
import { randomUUID } from 'node:crypto';
import { backfillChunk } from '#jobs/backfill-chunk';
import type { JobPorts } from '#kit';
import { jobKinds } from '#src/main/registry';
import { createIntentResolver, createQueueRuntime } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { createMetrics } from '#src/telemetry/index';
import { HOUR, metric, point, project, START, scriptedPull } from '../../factories/scripted-pull.ts';
import { silentLog } from '../../harness/silent-log.ts';

const [databaseUrl = '', kind, queueUrl = '', connector = '', deadlyMs = ''] = process.argv.slice(2);
if (kind !== 'postgres' && kind !== 'redis')
  throw new Error('usage: DATABASE_URL postgres|redis QUEUE_URL CONNECTOR DEADLY_MS');

const clock = { nowMs: () => Date.now() };
const store = await openStore({
  url: databaseUrl,
  resolver: createIntentResolver(jobKinds),
  clock,
  newId: randomUUID,
  log: silentLog,
  applicationName: 'backfill-worker',
});
const { runner } = scriptedPull(
  { store, clock: { nowMs: Date.now() } },
  async function* ({ window }) {
    if (window.fromMs === Number(deadlyMs)) process.kill(process.pid, 'SIGKILL');
    yield { measurements: [point((window.fromMs - START) / HOUR, 1)] };
  },
  { id: connector, intervalMs: HOUR, projects: [project(connector, { metrics: [metric('m')] })] },
);
const ports = {
  store,
  clock,
  log: silentLog,
  metrics: createMetrics(),
  pulls: runner,
  newId: randomUUID,
  redact: (text: string) => text,
} as unknown as JobPorts;
const runtime = await createQueueRuntime({
  backend: { kind, url: queueUrl },
  jobs: [backfillChunk],
  ports,
  instance: `worker:${process.pid}`,
});
await runtime.startRelay();
await runtime.startWorkers({ concurrency: { pull: 0, compute: 0, report: 0, delivery: 0, backfill: 1 } });
process.stdout.write('ready\n');
