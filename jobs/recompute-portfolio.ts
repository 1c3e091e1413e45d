import { z } from 'zod';
import { engineVersion } from '#domain';
import { defineJob, portfolioAt } from '#kit';

const args = z.strictObject({
  portfolio: z
    .string()
    .min(1)
    .meta({ description: 'Id of the portfolio', examples: ['shop'] }),
});

/** Rolls a portfolio's projects up into an immutable snapshot. */
export const recomputePortfolio = defineJob({
  kind: 'recompute-portfolio',
  version: 1,
  queue: 'compute',
  args,
  attempts: 5,
  backoff: { baseMs: 2_000, capMs: 120_000 },
  timeoutMs: 300_000,
  priority: 'low',
  dedupeKey: ({ portfolio }) => portfolio,
  async run({ portfolio: id }, { ports, signal }) {
    // Whatever was recorded by then is committed, and its projects' figures can be read one after the other.
    const settled = { oneInstant: true, settled: true };
    const seenAtMs = await ports.store.transaction(async (tx) => tx.seenAtMs() ?? undefined, settled);
    const { asOf, knownAtMs, inputsHash, outputs } = await portfolioAt(ports, id, { knownAtMs: seenAtMs });
    signal.throwIfAborted();
    return ports.store.transaction(async (repositories) => {
      const row = { id: ports.newId(), portfolioId: id, asOf, knownAtMs, engineVersion, inputsHash, outputs };
      const { snapshot, created } = await repositories.portfolios.save(row);
      const { counted, of, warnings } = outputs;
      return { snapshotId: snapshot.id, created, asOf, counted, of, warnings: warnings.length };
    });
  },
});
