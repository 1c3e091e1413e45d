import { setTimeout as delay } from 'node:timers/promises';
import { mixedIntent } from './mix.ts';
import type { SeededRandom } from './seed.ts';
import type { FaultWorld } from './world.ts';

const BATCH_INTERVAL_MS = 250;
/** Above this the fleet is behind: more would only make the backlog longer. */
const MOST_OPEN = 250;

export interface Traffic {
  /** Asked for and committed; what those jobs ask for themselves comes on top. */
  enqueued(): number;
  /** Keys of transactions that were rolled back: nothing of them may ever be seen. */
  rolledBack: readonly string[];
  stop(): Promise<void>;
}

/** Asks for jobs without end: keyed, unkeyed, put off, failing, cancelled, of every priority, and some that are rolled back. */
export function startTraffic(world: FaultWorld, random: SeededRandom): Traffic {
  const rolledBack: string[] = [];
  let isStopping = false;
  let number = 0;
  let enqueued = 0;

  async function batch(): Promise<void> {
    const size = random.integer(1, 6);
    const isUndone = random.chance(0.08);
    const intents = Array.from({ length: size }, () => {
      number += 1;
      const key = `${isUndone ? 'undone' : 'job'} ${number}`;
      const priority = random.pick(['high', 'normal', 'normal', 'low'] as const);
      const delayMs = random.chance(0.1) ? random.integer(200, 4_000) : 0;
      return { key, priority, delayMs, ...mixedIntent(random, key, { longestMs: 1_500 }) };
    });
    if (isUndone) rolledBack.push(...intents.map(({ key }) => key));
    const isCancelled = random.chance(0.05);
    const [first] = await world.store.transaction(async (tx) => {
      const rows = [];
      for (const { kind, args, priority, delayMs } of intents)
        rows.push(
          await tx.outbox.enqueue({
            kind,
            args,
            priority,
            cause: 'soak',
            ...(delayMs === 0 ? {} : { notBeforeMs: Date.now() + delayMs }),
          }),
        );
      if (isUndone) throw new RolledBack();
      return rows;
    });
    enqueued += size;
    if (isCancelled && first !== undefined) {
      await delay(random.integer(0, 500));
      await world.store.outbox.cancel(first.id);
    }
  }

  const running = (async () => {
    while (!isStopping) {
      try {
        if ((await world.store.outbox.openCount()) < MOST_OPEN) await batch();
      } catch {
        // Rolled back on purpose, or the database's sessions were terminated: whether it was committed, the outbox says.
      }
      await delay(BATCH_INTERVAL_MS);
    }
  })();

  return {
    enqueued: () => enqueued,
    rolledBack,
    async stop() {
      isStopping = true;
      await running;
    },
  };
}

class RolledBack extends Error {}
