import { setTimeout as delay } from 'node:timers/promises';
import type { BackendName } from './backends.ts';
import { type PlannedFault, planFaults } from './faults.ts';
import { type Fleet, type Slot, startFleet } from './fleet.ts';
import type { Verdict } from './observer.ts';
import type { SeededRandom } from './seed.ts';
import { startTraffic } from './traffic.ts';
import { type FaultWorld, openFaultWorld } from './world.ts';

const FLEET = 3;
/** The design's promise; in a soak measured from the last fault on. */
const RECOVERY_MS = 15_000;
/** Jobs that the queue itself has forgotten are found by the relay's reconciliation. */
const FORGOTTEN_RECOVERY_MS = 100_000;
const IDLE_TIMEOUT_MS = 240_000;

export interface SoakResult {
  backend: BackendName;
  /** By kind, in the order of their first coming. */
  injected: ReadonlyMap<string, number>;
  verdict: Verdict;
  /** Every promise that was broken, in words. */
  violations: string[];
}

/** A running fleet under random faults; then everything is healed, the work ends, and the ledgers are looked at. */
export async function soak(options: {
  backend: BackendName;
  durationMs: number;
  random: SeededRandom;
  say(line: string): void;
}): Promise<SoakResult> {
  const { backend, durationMs, random, say } = options;
  const world = await openFaultWorld(backend);
  try {
    const fleet = await startFleet(world, FLEET);
    const traffic = startTraffic(world, random.branch('traffic'));
    const injected = await harm(world, fleet, planFaults(random.branch(`faults ${backend}`), backend, durationMs), say);
    await traffic.stop();
    say(`${backend}: faults are over; ${traffic.enqueued()} jobs were asked for; waiting until all have ended`);
    const stuck = await world.observer.untilIdle(IDLE_TIMEOUT_MS).then(
      () => [],
      (error: Error) => [error.message],
    );
    await fleet.stop();
    const verdict = await world.observer.verdict();
    const undone = await world.observer.query<{ key: string }>(
      `SELECT args ->> 'key' AS key FROM outbox WHERE args ->> 'key' = ANY($1)`,
      [traffic.rolledBack],
    );
    const violations = [
      ...stuck,
      ...verdict.lost.map((text) => `lost: ${text}`),
      ...verdict.doubled.map((text) => `doubled: ${text}`),
      ...undone.map(({ key }) => `orphan: ${key} was rolled back`),
      ...verdict.recoveries
        .filter((each) => each.sinceDisturbanceMs > (each.queueLostJobs ? FORGOTTEN_RECOVERY_MS : RECOVERY_MS))
        .map((each) => `late: ${each.slowest} ran again only ${each.sinceDisturbanceMs} ms after the last fault`),
    ];
    if (violations.length > 0)
      for (const { instance, process } of world.workers.slice(-FLEET))
        say(`${instance} wrote:\n${process.output().slice(-2_000)}`);
    return { backend, injected, verdict, violations };
  } finally {
    await world.close();
  }
}

/** Carries the plan out, each fault at its time, whatever the others are doing. */
async function harm(
  world: FaultWorld,
  fleet: Fleet,
  plan: readonly PlannedFault[],
  say: (line: string) => void,
): Promise<Map<string, number>> {
  const injected = new Map<string, number>();
  const startedAtMs = performance.now();
  const underWay: Promise<void>[] = [];
  let serversAreHarmed = false;
  for (const { atMs, fault, random } of plan) {
    await delay(Math.max(0, startedAtMs + atMs - performance.now()));
    const scene = { world, fleet, random };
    const slot = freeSlot(fleet, random.integer(0, FLEET - 1));
    // One place at least keeps its worker; and a server's fault is over before the next.
    if (fault.onSlot !== undefined ? slot === null : serversAreHarmed) continue;
    injected.set(fault.kind, (injected.get(fault.kind) ?? 0) + 1);
    say(`${String(Math.round(atMs / 1_000)).padStart(4)} s  ${fault.kind}`);
    world.observer.disturbed(fault.losesJobs === true);
    underWay.push(
      (async () => {
        if (fault.onSlot !== undefined && slot !== null) {
          slot.isTaken = true;
          await fault.onSlot(scene, slot).finally(() => {
            slot.isTaken = false;
          });
        } else {
          serversAreHarmed = true;
          await fault.onServers?.(scene).finally(() => {
            serversAreHarmed = false;
          });
        }
        world.observer.disturbed(fault.losesJobs === true);
      })(),
    );
  }
  await Promise.all(underWay);
  return injected;
}

function freeSlot(fleet: Fleet, wanted: number): Slot | null {
  const free = fleet.slots.filter((slot) => !slot.isTaken && !slot.worker.process.exited());
  if (free.length < 2) return null;
  return free[wanted % free.length] ?? null;
}
