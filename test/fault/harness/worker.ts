/** A worker process to do harm to: the product's own runtime, store and folder of objects, with job kinds that can be counted. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createRedactor, type JobPorts, queueNames, type Store } from '#kit';
import { openObjectStore } from '#src/objects/index';
import { createIntentResolver, createQueueRuntime } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { createLogger, createMetrics } from '#src/telemetry/index';
import { stepClock } from './clock.ts';
import { type FaultPoint, faultJobs } from './jobs.ts';
import { sinkMessenger } from './sink.ts';
import type { WorkerSettings } from './worker-settings.ts';

const settings = JSON.parse(process.argv[2] ?? '') as WorkerSettings;
const { failpoint } = settings;
let passed = 0;

/** Dies or waits where it was told to: no signal from outside would hit that moment. */
async function pass(point: FaultPoint): Promise<void> {
  if (failpoint?.point !== point) return;
  passed += 1;
  if (passed !== failpoint.at) return;
  if (failpoint.action === 'kill') process.kill(process.pid, 'SIGKILL');
  process.stdout.write(`waits at ${point}\n`);
  await delay(failpoint.waitMs ?? 600_000);
}

if (settings.clockStepMs !== undefined) {
  const { clockStepMs } = settings;
  if (settings.clockStepsAtStart) stepClock(clockStepMs);
  process.on('SIGUSR2', () => {
    stepClock(clockStepMs);
    process.stdout.write('clock stepped\n');
  });
}

const jobs = faultJobs({ pass, version: settings.version ?? 2 });
const clock = { nowMs: () => Date.now() };
const log = createLogger({
  level: 'info',
  format: 'json',
  redactor: createRedactor(),
  write: (line) => process.stderr.write(line.endsWith('\n') ? line : `${line}\n`),
});
const opened = await openStore({
  url: settings.databaseUrl,
  resolver: createIntentResolver(jobs),
  clock,
  newId: randomUUID,
  log,
  applicationName: `fault ${settings.instance}`,
});
/** Between the publication of intents and their mark. */
const store: Store = {
  ...opened,
  transaction: (work, options) =>
    opened.transaction(
      (tx) =>
        work({
          ...tx,
          outbox: {
            ...tx.outbox,
            async markPublished(ids) {
              await pass('published');
              await tx.outbox.markPublished(ids);
            },
          },
        }),
      options,
    ),
};
const ports = {
  store,
  clock,
  log,
  objects: openObjectStore({ kind: 'folder', path: settings.objectsPath }),
  messenger: sinkMessenger(settings.sinkUrl, () => pass('sent')),
  metrics: createMetrics({ processMetrics: false }),
  newId: randomUUID,
  redact: (text: string) => text,
} as unknown as JobPorts;

try {
  const runtime = await createQueueRuntime({ backend: settings.backend, jobs, ports, instance: settings.instance });
  process.once('SIGTERM', () => {
    runtime
      .close({ graceMs: settings.graceMs ?? 10_000 })
      .then(() => opened.close())
      .then(() => process.exit(0));
  });
  if (settings.workers) {
    const { concurrency } = settings;
    const none = Object.fromEntries(queueNames.map((name) => [name, 0]));
    await runtime.startWorkers({
      concurrency: typeof concurrency === 'number' ? concurrency : { ...none, ...concurrency },
    });
  }
  if (settings.relay) await runtime.startRelay();
  process.stdout.write('ready\n');
} catch (error) {
  process.stderr.write(`refused: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
