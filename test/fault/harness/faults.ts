import { setTimeout as delay } from 'node:timers/promises';
import { type BackendName, terminateSessions } from './backends.ts';
import type { Fleet, Slot } from './fleet.ts';
import type { SeededRandom } from './seed.ts';
import type { FaultWorld } from './world.ts';

export interface FaultScene {
  world: FaultWorld;
  fleet: Fleet;
  random: SeededRandom;
}
export interface Fault {
  kind: string;
  /** How likely it is, beside the others. */
  weight: number;
  backends: readonly BackendName[];
  /** The queue forgets jobs: those come back by reconciliation, not by a lock's end. */
  losesJobs?: true;
  /** Harms one worker's place, which is free; ends when the harm has ended. */
  onSlot?(scene: FaultScene, slot: Slot): Promise<void>;
  /** Harms what all of them use. */
  onServers?(scene: FaultScene): Promise<void>;
}

const all: readonly BackendName[] = ['postgres', 'redis', 'cluster'];

const dyingAt = (point: 'measured' | 'put' | 'sent' | 'published') => async (scene: FaultScene, slot: Slot) => {
  const failpoint = { point, at: scene.random.integer(1, 3), action: 'kill' } as const;
  await scene.fleet.replace(slot, { failpoint });
  await Promise.race([exited(slot), delay(8_000)]);
};

/** Everything that may happen to a fleet, in the soak. */
export const faults: readonly Fault[] = [
  { kind: 'worker killed', weight: 6, backends: all, onSlot: (_scene, slot) => slot.worker.kill() },
  {
    kind: 'worker frozen past its lock',
    weight: 2,
    backends: all,
    async onSlot({ random }, slot) {
      slot.worker.signal('SIGSTOP');
      await delay(random.integer(8_000, 11_000));
      slot.worker.signal('SIGCONT');
      await delay(1_500);
    },
  },
  {
    kind: 'worker asked to stop',
    weight: 2,
    backends: all,
    async onSlot(_scene, slot) {
      slot.worker.signal('SIGTERM');
      await Promise.race([exited(slot), delay(20_000)]);
      if (!slot.worker.process.exited()) throw new Error(`${slot.worker.instance} did not stop when asked to`);
    },
  },
  { kind: 'killed between measurement and acknowledgement', weight: 1, backends: all, onSlot: dyingAt('measured') },
  { kind: 'killed between object and acknowledgement', weight: 1, backends: all, onSlot: dyingAt('put') },
  { kind: 'killed between message and acknowledgement', weight: 1, backends: all, onSlot: dyingAt('sent') },
  { kind: 'killed between publication and mark', weight: 1, backends: all, onSlot: dyingAt('published') },
  {
    kind: 'clock of a worker 60 s ahead',
    weight: 1,
    backends: all,
    async onSlot({ fleet }, slot) {
      slot.worker.signal('SIGUSR2');
      await delay(8_000);
      await fleet.replace(slot);
    },
  },
  {
    kind: 'network to the database silent',
    weight: 1,
    backends: all,
    async onSlot({ random }, slot) {
      slot.network.silence();
      await delay(random.integer(4_000, 10_000));
      slot.network.restore();
    },
  },
  {
    kind: 'job that ends its process',
    weight: 1,
    backends: all,
    async onServers({ world, random }) {
      const key = `killer ${random.integer(1, 1e9)}`;
      await world.enqueue('fault-killer', { key, way: random.pick(['exit', 'abort']) });
    },
  },
  {
    kind: 'database sessions terminated',
    weight: 2,
    backends: all,
    onServers: ({ world }) => terminateSessions(world.databaseUrl),
  },
  {
    kind: 'queue wiped',
    weight: 1,
    backends: ['redis', 'cluster'],
    losesJobs: true,
    onServers: ({ world }) => world.server.wipe(world.databaseUrl),
  },
  {
    kind: 'Redis killed and started again',
    weight: 1,
    backends: ['redis'],
    onServers: async ({ world, random }) => world.server.crash?.({ loses: 'nothing', random }),
  },
  {
    kind: 'Redis back without its last writes',
    weight: 1,
    backends: ['redis'],
    losesJobs: true,
    onServers: async ({ world, random }) => world.server.crash?.({ loses: 'last writes', random }),
  },
  {
    kind: 'cluster master killed',
    weight: 2,
    backends: ['cluster'],
    // Its replica may lack the last writes.
    losesJobs: true,
    onServers: async ({ world, random }) => world.server.crash?.({ loses: 'nothing', random }),
  },
];

async function exited(slot: Slot): Promise<void> {
  const { process } = slot.worker;
  while (!process.exited()) await delay(50);
}

export interface PlannedFault {
  atMs: number;
  fault: Fault;
  /** Its own numbers: what another fault draws does not shift them. */
  random: SeededRandom;
}

/** The faults of a run: the same for the same seed, backend and length. Every kind comes once before chance decides. */
export function planFaults(random: SeededRandom, backend: BackendName, durationMs: number): PlannedFault[] {
  const kinds = faults.filter((fault) => fault.backends.includes(backend));
  const first = kinds.map((fault) => ({ fault, order: random.next() })).sort((a, b) => a.order - b.order);
  const lots = kinds.flatMap((fault) => Array.from({ length: fault.weight }, () => fault));
  const plan: PlannedFault[] = [];
  for (let atMs = 2_000; atMs < durationMs; atMs += random.integer(1_500, 5_000)) {
    const fault = first[plan.length]?.fault ?? random.pick(lots);
    plan.push({ atMs, fault, random: random.branch(`${plan.length} ${fault.kind}`) });
  }
  return plan;
}
