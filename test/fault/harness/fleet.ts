import { setTimeout as delay } from 'node:timers/promises';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import type { FaultWorker, FaultWorld, StartWorkerOptions } from './world.ts';

/** How far the clock of a worker jumps when it is told to. */
const CLOCK_STEP_MS = 60_000;
const WATCH_INTERVAL_MS = 150;

/** A place in the fleet: one worker at a time, each with its own way to the database. */
export interface Slot {
  worker: FaultWorker;
  network: TcpProxy;
  /** A fault is at work here: another one waits for its end. */
  isTaken: boolean;
}

export interface Fleet {
  slots: readonly Slot[];
  /** Ends the one that is there, if it lives, and starts another. */
  replace(slot: Slot, options?: StartWorkerOptions): Promise<void>;
  /** No more replacing. */
  stop(): Promise<void>;
}

/** So many workers that are started again when they die, as a service manager does. */
export async function startFleet(world: FaultWorld, size: number, all: StartWorkerOptions = {}): Promise<Fleet> {
  let isStopping = false;

  async function launch(network: TcpProxy, options: StartWorkerOptions = {}): Promise<FaultWorker> {
    for (;;) {
      try {
        return await world.start({
          databaseUrl: network.through(world.databaseUrl),
          clockStepMs: CLOCK_STEP_MS,
          graceMs: 2_000,
          ...all,
          ...options,
        });
      } catch (error) {
        // A server was away just then: the service manager tries again.
        if (isStopping || !/ended with status 1/.test(String(error))) throw error;
        await delay(500);
      }
    }
  }

  const slots: Slot[] = await Promise.all(
    Array.from({ length: size }, async () => {
      const network = await startTcpProxy(world.databaseUrl);
      return { network, worker: await launch(network), isTaken: false };
    }),
  );

  async function replace(slot: Slot, options?: StartWorkerOptions): Promise<void> {
    await slot.worker.kill();
    slot.worker = await launch(slot.network, options);
  }

  const watches = slots.map(async (slot) => {
    while (!isStopping) {
      if (!slot.isTaken && slot.worker.process.exited()) {
        world.observer.died(slot.worker.instance);
        await replace(slot);
      }
      await delay(WATCH_INTERVAL_MS);
    }
  });
  const watching = Promise.all(watches);
  watching.catch(() => undefined);

  return {
    slots,
    replace,
    async stop() {
      isStopping = true;
      await watching;
      await Promise.all(slots.map(({ network }) => network.close()));
    },
  };
}
