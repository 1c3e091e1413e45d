import type { IngestResult, IngestRow, MeasurementRepository } from '#kit';
import { atomically, instant, type StoreContext, sql } from './context.ts';
import { lockKey } from './locks.ts';
import { readHeads, readWindows, sampleSchema } from './sample-windows.ts';
import { ensureSeries, findSeries, seriesKeys } from './series.ts';
import { writeSamples } from './write-samples.ts';

/** Large enough that the round trips vanish, small enough that one statement's arrays stay a few megabytes and it ends soon. */
const batchRows = 5_000;

export function createMeasurementRepository(context: StoreContext): MeasurementRepository {
  return {
    /**
     * Times in a call may repeat: the last one counts. Rows of one stream are taken in one transaction at a time.
     *
     * A provisional sample that comes again as final with the same value keeps its revision: the row notes since when it is known to
     * be final. So a revision above 1 always means that a figure was corrected, and steady polling does not double the rows.
     * Final never becomes provisional again by itself. Of two pulls that overlapped, what was asked for later counts, also when
     * the other one is stored last.
     */
    async ingest(input) {
      const result: IngestResult = { inserted: 0, revisions: 0, finalised: 0, unchanged: 0, repeated: 0, changed: [] };
      if (input.rows.length === 0) return result;
      const keyOf = seriesKeys();
      // By series, so that neighbours in the index are written together.
      const bySeries = new Map<string, Map<number, IngestRow>>();
      for (const row of input.rows) {
        const key = keyOf(row);
        let samples = bySeries.get(key);
        if (samples === undefined) bySeries.set(key, (samples = new Map()));
        samples.set(row.atMs, row);
      }
      await context.partitions.ensure(input.rows.map((row) => row.atMs));
      return await atomically(context, async (connection) => {
        await lockKey(connection, `ingest ${input.connector} ${input.stream}`);
        const nowMs = context.clock.nowMs();
        const identities = new Map<string, IngestRow>();
        for (const [key, samples] of bySeries) {
          const [first] = samples.values();
          if (first !== undefined) identities.set(key, first);
        }
        const ids = await ensureSeries(connection, { ...input, nowMs, identities });
        const seriesIds: string[] = [];
        const rows: IngestRow[] = [];
        for (const [key, samples] of bySeries) {
          const seriesId = ids.get(key) ?? '';
          for (const row of samples.values()) {
            seriesIds.push(seriesId);
            rows.push(row);
          }
        }
        for (let at = 0; at < rows.length; at += batchRows) {
          input.signal?.throwIfAborted();
          const end = at + batchRows;
          const batch = { seriesIds: seriesIds.slice(at, end), rows: rows.slice(at, end) };
          const written = await writeSamples(connection, batch, { ...input, nowMs });
          result.inserted += written.inserted;
          result.revisions += written.revisions;
          result.finalised += written.finalised;
          result.repeated += written.repeated;
          result.unchanged += written.unchanged;
          for (const sample of written.changed) result.changed.push(sample);
        }
        return result;
      });
    },

    async read(source, { fromMs, toMs, knownAtMs }) {
      const series = await findSeries(context.connection, source, knownAtMs);
      if (series.length === 0) return [];
      const known = knownAtMs === undefined ? sql.fragment`'infinity'::timestamptz` : instant(knownAtMs);
      const rows = await context.connection.any(sql.type(sampleSchema)`
        SELECT DISTINCT ON (series_id, at)
          series_id::text AS "seriesId", at AS "atMs", duration_ms AS "durationMs", value, numerator, denominator,
          CASE WHEN finalised_at <= ${known} THEN 'final' ELSE status END AS status, revision,
          pull_id AS "pullId", page_hash AS "pageHash", observed_at AS "observedAtMs", recorded_at AS "recordedAtMs"
        FROM measurement
        WHERE series_id = ANY(${sql.array(
          series.map((one) => one.id),
          'int8',
        )})
          AND at >= ${instant(fromMs)} AND at < ${instant(toMs)}
          AND recorded_at <= ${known}
        ORDER BY series_id, at, revision DESC`);
      const keys = new Map(series.map(({ id, key }) => [id, key]));
      return rows.map((row) => ({ ...row, seriesKey: keys.get(row.seriesId) ?? '' }));
    },

    async readWindows(source, windows, range) {
      const series = await findSeries(context.connection, source);
      return await readWindows(context.connection, series, windows, range);
    },

    async readHeads(series, range, limit) {
      return await readHeads(context.connection, series, range, limit);
    },

    async series(source) {
      return await findSeries(context.connection, source);
    },
  };
}
