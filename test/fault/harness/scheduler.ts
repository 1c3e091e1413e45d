/**
 * A process with several schedulers, as a machine of the fleet: `node scheduler.ts <settings as JSON>`. It says `ready`
 * when they ring, and ends on SIGTERM as the product's own process does.
 */
import type { ScheduleConfig } from '#kit';
import { createScheduler } from '#src/schedule/index';
import { createMetrics } from '#src/telemetry/index';
import { openScheduleStore } from '../../harness/schedules.ts';
import { silentLog } from '../../harness/silent-log.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as {
  url: string;
  schedules: ScheduleConfig[];
  instances: string[];
};
const store = await openScheduleStore(settings.url);
const schedulers = settings.instances.map((instance) =>
  createScheduler({
    schedules: settings.schedules,
    store,
    clock: { nowMs: () => Date.now() },
    log: silentLog,
    metrics: createMetrics({ processMetrics: false }),
    instance,
    sweepIntervalMs: 1_000,
  }),
);
process.once('SIGTERM', async () => {
  await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
  await store.close();
});
await Promise.all(schedulers.map((scheduler) => scheduler.start()));
process.stdout.write('ready\n');
