import { connectClient } from './connection.ts';
import { storeError } from './failures.ts';

export interface MeasurementPartitions {
  /** Makes the monthly partitions that samples at these times need. Committed at once, whatever becomes of the caller's transaction. */
  ensure(instantsMs: Iterable<number>): Promise<void>;
}

/**
 * Partitions are made on a connection of their own: creating one within the ingest's transaction would hold its lock until the commit,
 * and the pool refuses foreign connections within a transaction.
 */
export function createMeasurementPartitions(url: string, applicationName: string): MeasurementPartitions {
  const known = new Set<string>();
  return {
    async ensure(instantsMs) {
      const missing = new Set<string>();
      let sameMonthFrom = Number.NaN;
      for (const atMs of instantsMs) {
        // Samples come in order mostly: no date arithmetic within one month.
        if (atMs >= sameMonthFrom && atMs < sameMonthFrom + 28 * 86_400_000) continue;
        const date = new Date(atMs);
        const firstMs = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
        sameMonthFrom = firstMs;
        const month = new Date(firstMs).toISOString().slice(0, 10);
        if (!known.has(month)) missing.add(month);
      }
      if (missing.size === 0) return;
      const client = await connectClient(url, { applicationName, statementTimeoutMs: 60_000 });
      try {
        await client.query('SELECT ensure_measurement_partitions($1::date[])', [[...missing]]);
      } catch (error) {
        throw storeError(error, url);
      } finally {
        await client.end().catch(() => undefined);
      }
      for (const month of missing) known.add(month);
    },
  };
}
