import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import type { ScheduleConfig } from '#kit';
import { pollUntil } from '../harness/poll.ts';
import { type RunningProcess, startProcess } from '../harness/process.ts';
import { openScheduleWorld, type ScheduleWorld, scheduleOf } from '../harness/schedules.ts';
import { itSeeded } from './harness/seeded-test.ts';

const program = fileURLToPath(new URL('./harness/scheduler.ts', import.meta.url));
/** Twenty schedulers; a process each would need more cores than a laptop has. */
const PROCESSES = 4;
const EACH = 5;
/** Each machine is replaced so often. */
const ROUNDS = 1;

let world: ScheduleWorld;
const machines: RunningProcess[] = [];
beforeAll(async () => {
  world = await openScheduleWorld();
});
afterEach(async () => {
  await Promise.all(machines.splice(0).map((machine) => machine.kill()));
});
afterAll(() => world.close());

async function startMachine(name: string, schedules: ScheduleConfig[]): Promise<RunningProcess> {
  const instances = Array.from({ length: EACH }, (_, index) => `${name}.${index}`);
  const machine = await startProcess({
    command: process.execPath,
    args: ['--conditions=outturn-source', program, JSON.stringify({ url: world.url, schedules, instances })],
    ready: (output) => output.includes('ready'),
  });
  machines.push(machine);
  return machine;
}

describe('twenty schedulers in a rolling restart, some of them killed', () => {
  itSeeded('fire each slot exactly once, miss none, and enqueue one job for each', async (random) => {
    const every = scheduleOf('* * * * * *', { timeZone: 'UTC', catchUp: 'all' });
    const delayed = scheduleOf('*/2 * * * * *', { timeZone: 'UTC', catchUp: 'all', maxRandomDelayMs: 1_500 });
    const schedules = [every, delayed];
    const started = Array.from({ length: PROCESSES }, (_, index) => startMachine(`m${index}`, schedules));
    const fleet = await Promise.all(started);
    let kills = 0;
    for (let round = 1; round <= ROUNDS; round += 1)
      for (const [index, machine] of fleet.entries()) {
        await delay(random.integer(0, 900));
        // Half of them crash, amid whatever they are writing; at least one of each kind.
        const isKilled = round === 1 && index < 2 ? index === 0 : random.chance(0.5);
        if (isKilled) kills += 1;
        const replacement = startMachine(`m${index}-${round}`, schedules);
        await (isKilled ? machine.kill() : machine.close());
        fleet[index] = await replacement;
      }
    expect(kills).toBeGreaterThan(0);
    const healedMs = Date.now();
    await pollUntil('slots after the last restart', async () => {
      const newest = await Promise.all(schedules.map(({ id }) => world.store.fires.newestSlotMs(id)));
      return newest.every((slotAtMs) => (slotAtMs ?? 0) > healedMs + 1_000);
    });
    await Promise.all(fleet.map((machine) => machine.close(20_000)));

    for (const schedule of schedules) {
      const stepMs = schedule === every ? 1_000 : 2_000;
      const fires = await world.firesOf(schedule.id);
      const first = fires[0]?.slotAtMs ?? 0;
      const last = fires.at(-1)?.slotAtMs ?? 0;
      // Known from the first start on: no slot after that is missing before the first line.
      const [version] = await world.store.schedules.versions(schedule.id);
      expect(first - (version?.sinceMs ?? 0)).toBeLessThanOrEqual(stepMs);
      expect(fires.map(({ slotAtMs }) => slotAtMs)).toEqual(
        Array.from({ length: (last - first) / stepMs + 1 }, (_, index) => first + index * stepMs),
      );
      expect(fires.filter(({ outcome }) => outcome === 'skipped')).toEqual([]);
      const jobs = await world.jobsOf(schedule.id);
      expect(jobs.map(({ id }) => id).sort()).toEqual(fires.map(({ jobId }) => jobId).sort());
      const slotOfJob = new Map(fires.map((fire) => [fire.jobId, fire]));
      for (const job of jobs) {
        const fire = slotOfJob.get(job.id);
        const expected = fire === undefined || fire.delayMs === 0 ? null : fire.slotAtMs + fire.delayMs;
        expect(job.notBeforeMs).toBe(expected);
      }
    }
  });
});
