import { it } from 'vitest';
import { faultSeed, type SeededRandom, seededRandom } from './seed.ts';

const seed = faultSeed();
let isSaid = false;

/**
 * A test whose faults come from the run's seed. The seed is printed at the start and stands in every failure;
 * `OUTTURN_FAULT_SEED` replays it. Each test draws from a sequence of its own, whatever ran before it.
 */
export function itSeeded(name: string, test: (random: SeededRandom) => Promise<void>, timeoutMs?: number): void {
  it(
    name,
    async () => {
      if (!isSaid) process.stdout.write(`fault seed ${seed} (to replay: OUTTURN_FAULT_SEED=${seed})\n`);
      isSaid = true;
      try {
        await test(seededRandom(seed).branch(name));
      } catch (error) {
        if (error instanceof Error) error.message = `${error.message}\n(fault seed ${seed})`;
        throw error;
      }
    },
    timeoutMs,
  );
}
