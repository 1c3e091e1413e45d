import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { ChangedSample, IngestResult, IngestRow, MeasurementRepository } from '#kit';
import { atomically, instant, type StoreContext, sql } from './context.ts';
import { lockKey } from './locks.ts';
import { readHeads, readWindows, sampleSchema } from './sample-windows.ts';
import { ensureSeries, findSeries, seriesKeys } from './series.ts';

/** Large enough that the round trips vanish, small enough that one statement's arrays stay a few megabytes. */
const batchRows = 5_000;

const verdictSchema = z.object({
  ordinal: z.number(),
  verdict: z.enum(['new', 'revision', 'finalised']),
  revision: z.number(),
  durationMs: z.number(),
});

interface PlacedRow {
  seriesId: string;
  row: IngestRow;
}

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
      if (input.rows.length === 0) return { inserted: 0, revisions: 0, finalised: 0, unchanged: 0, changed: [] };
      const keyOf = seriesKeys();
      const identities = new Map<string, IngestRow>();
      const latest = new Map<string, { key: string; row: IngestRow }>();
      for (const row of input.rows) {
        const key = keyOf(row);
        if (!identities.has(key)) identities.set(key, row);
        latest.set(`${row.atMs} ${key}`, { key, row });
      }
      await context.partitions.ensure(input.rows.map((row) => row.atMs));
      return await atomically(context, async (connection) => {
        await lockKey(connection, `ingest ${input.connector} ${input.stream}`);
        const nowMs = context.clock.nowMs();
        const ids = await ensureSeries(connection, { ...input, nowMs, identities });
        const placed = [...latest.values()].map(({ key, row }) => ({ seriesId: ids.get(key) ?? '', row }));
        const result: IngestResult = { inserted: 0, revisions: 0, finalised: 0, unchanged: 0, changed: [] };
        for (let at = 0; at < placed.length; at += batchRows) {
          const batch = placed.slice(at, at + batchRows);
          const changed = await writeBatch(connection, batch, { ...input, nowMs });
          for (const { verdict } of changed) {
            if (verdict === 'new') result.inserted += 1;
            else if (verdict === 'revision') result.revisions += 1;
            else result.finalised += 1;
          }
          result.changed.push(...changed.map(({ sample }) => sample));
          result.unchanged += batch.length - changed.length;
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

async function writeBatch(
  connection: CommonQueryMethods,
  batch: readonly PlacedRow[],
  input: { pullId: string; observedAtMs: number; nowMs: number },
): Promise<{ verdict: 'new' | 'revision' | 'finalised'; sample: ChangedSample }[]> {
  const numbers = (pick: (row: IngestRow) => number | null | undefined) =>
    sql.array(
      batch.map(({ row }) => pick(row) ?? null),
      'float8',
    );
  const rows = await connection.any(sql.type(verdictSchema)`
    WITH input AS MATERIALIZED (
      SELECT i.ordinal, i.series_id, to_timestamp(i.at_ms / 1000) AS at, i.duration_ms::bigint AS duration_ms,
        i.value, i.numerator, i.denominator, i.status, i.page_hash
      FROM unnest(
        ${sql.array(
          batch.map(({ seriesId }) => seriesId),
          'int8',
        )},
        ${numbers((row) => row.atMs)},
        ${numbers((row) => row.durationMs)},
        ${numbers((row) => row.value)},
        ${numbers((row) => row.numerator)},
        ${numbers((row) => row.denominator)},
        ${sql.array(
          batch.map(({ row }) => row.status),
          'text',
        )},
        ${sql.array(
          batch.map(({ row }) => row.pageHash),
          'text',
        )}
      ) WITH ORDINALITY AS i(series_id, at_ms, duration_ms, value, numerator, denominator, status, page_hash, ordinal)
    ), judged AS MATERIALIZED (
      SELECT i.*, newest.revision AS newest_revision, newest.duration_ms AS newest_duration_ms,
        CASE
          WHEN newest.revision IS NULL THEN 'new'
          -- A time to come is of a clock that was wrong: it must not keep corrections out for ever.
          WHEN newest.observed_at > ${instant(input.observedAtMs)} AND newest.observed_at <= ${instant(input.nowMs)} THEN 'unchanged'
          WHEN (newest.value, newest.numerator, newest.denominator, newest.duration_ms)
            IS DISTINCT FROM (i.value, i.numerator, i.denominator, i.duration_ms) THEN 'revision'
          WHEN i.status = newest.status THEN 'unchanged'
          WHEN i.status = 'provisional' AND newest.status = 'final' THEN 'unchanged'
          WHEN i.status = 'final' AND newest.status = 'provisional' THEN 'finalised'
          ELSE 'revision'
        END AS verdict
      FROM input i
      LEFT JOIN LATERAL (
        SELECT m.revision, m.value, m.numerator, m.denominator, m.duration_ms, m.observed_at,
          CASE WHEN m.finalised_at IS NULL THEN m.status ELSE 'final' END AS status
        FROM measurement m
        WHERE m.series_id = i.series_id AND m.at = i.at
        ORDER BY m.revision DESC
        LIMIT 1
      ) AS newest ON true
    ), written AS (
      INSERT INTO measurement (series_id, at, revision, duration_ms, value, numerator, denominator, status,
        pull_id, page_hash, observed_at, recorded_at)
      SELECT series_id, at, coalesce(newest_revision, 0) + 1, duration_ms, value, numerator, denominator, status,
        ${input.pullId}, page_hash, ${instant(input.observedAtMs)}, ${instant(input.nowMs)}
      FROM judged
      WHERE verdict IN ('new', 'revision')
    ), finalised AS (
      UPDATE measurement m
      SET finalised_at = ${instant(input.nowMs)}, finalised_by_pull_id = ${input.pullId}
      FROM judged j
      WHERE j.verdict = 'finalised' AND m.series_id = j.series_id AND m.at = j.at AND m.revision = j.newest_revision
    )
    SELECT ordinal, verdict,
      CASE verdict WHEN 'finalised' THEN newest_revision ELSE coalesce(newest_revision, 0) + 1 END AS revision,
      greatest(duration_ms, newest_duration_ms) AS "durationMs"
    FROM judged
    WHERE verdict <> 'unchanged'
    ORDER BY ordinal`);
  return rows.map(({ ordinal, verdict, revision, durationMs }) => {
    const placed = batch[ordinal - 1];
    if (placed === undefined) throw new RangeError(`ordinal ${ordinal} of ${batch.length} rows`);
    const { seriesId, row } = placed;
    return { verdict, sample: { seriesId, labels: row.labels, atMs: row.atMs, durationMs, revision } };
  });
}
