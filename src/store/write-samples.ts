import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { ChangedSample, IngestRow } from '#kit';
import { instant, sql } from './context.ts';

/** Row n belongs to series n. Two columns: an object for each pair would live as long as the batch, for nothing. */
export interface PlacedRows {
  seriesIds: readonly string[];
  rows: readonly IngestRow[];
}
export interface WrittenSamples {
  inserted: number;
  revisions: number;
  finalised: number;
  unchanged: number;
  repeated: number;
  changed: ChangedSample[];
}
interface Origin {
  pullId: string;
  observedAtMs: number;
  nowMs: number;
  /** False: nobody reads the stream, and `changed` stays empty. */
  wantsChanged?: boolean | undefined;
}
type Fragment = ReturnType<typeof sql.fragment>;

/** One element for each verdict: thousands of rows would each be checked and copied on their way here. */
const verdictsSchema = z.object({
  ordinals: z.array(z.number()),
  verdicts: z.array(z.string()),
  revisions: z.array(z.number()),
  durations: z.array(z.number()),
  repeated: z.number(),
});

/** Writes what is new or differs from the newest revision; rows are of one stream, whose lock is held, each (series, time) once. */
export async function writeSamples(
  connection: CommonQueryMethods,
  batch: PlacedRows,
  origin: Origin,
): Promise<WrittenSamples> {
  return (await isAllNew(connection, batch)) ? insert(connection, batch, origin) : judge(connection, batch, origin);
}

/** Whether nothing is stored of these series between the first and the last time: then nothing needs comparing. */
async function isAllNew(connection: CommonQueryMethods, batch: PlacedRows): Promise<boolean> {
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  const series = new Set(batch.seriesIds);
  for (const row of batch.rows) {
    if (row.atMs < firstMs) firstMs = row.atMs;
    if (row.atMs > lastMs) lastMs = row.atMs;
  }
  return !(await connection.exists(sql.unsafe`
    SELECT FROM measurement
    WHERE series_id = ANY(${sql.array([...series], 'int8')})
      AND at >= ${instant(firstMs)} AND at <= ${instant(lastMs)}
    LIMIT 1`));
}

async function insert(
  connection: CommonQueryMethods,
  batch: PlacedRows,
  { pullId, observedAtMs, nowMs, wantsChanged = true }: Origin,
): Promise<WrittenSamples> {
  const { select, from } = columnsOf(batch);
  await connection.query(sql.unsafe`
    INSERT INTO measurement (series_id, at, duration_ms, value, numerator, denominator, status, page_hash, revision,
      pull_id, observed_at, recorded_at)
    SELECT ${select}, 1, ${pullId}, ${instant(observedAtMs)}, ${instant(nowMs)}
    FROM ${from}`);
  const changed: ChangedSample[] = [];
  if (wantsChanged)
    for (const [index, { labels, atMs, durationMs }] of batch.rows.entries())
      changed.push({ seriesId: batch.seriesIds[index] ?? '', labels, atMs, durationMs, revision: 1 });
  return { inserted: batch.rows.length, revisions: 0, finalised: 0, repeated: 0, unchanged: 0, changed };
}

async function judge(
  connection: CommonQueryMethods,
  batch: PlacedRows,
  { pullId, observedAtMs, nowMs, wantsChanged = true }: Origin,
): Promise<WrittenSamples> {
  const { select, from } = columnsOf(batch);
  const found = await connection.one(sql.type(verdictsSchema)`
    WITH input (series_id, at, duration_ms, value, numerator, denominator, status, page_hash, ordinal) AS MATERIALIZED (
      SELECT ${select}, i.ordinal FROM ${from}
    ), judged AS MATERIALIZED (
      SELECT i.*, newest.revision AS newest_revision, newest.duration_ms AS newest_duration_ms, newest.pull_id AS newest_pull_id,
        CASE
          WHEN newest.revision IS NULL THEN 'new'
          -- A time to come is of a clock that was wrong: it must not keep corrections out for ever.
          WHEN newest.observed_at > ${instant(observedAtMs)} AND newest.observed_at <= ${instant(nowMs)} THEN 'unchanged'
          WHEN (newest.value, newest.numerator, newest.denominator, newest.duration_ms)
            IS DISTINCT FROM (i.value, i.numerator, i.denominator, i.duration_ms) THEN 'revision'
          WHEN i.status = newest.status THEN 'unchanged'
          WHEN i.status = 'provisional' AND newest.status = 'final' THEN 'unchanged'
          WHEN i.status = 'final' AND newest.status = 'provisional' THEN 'finalised'
          ELSE 'revision'
        END AS verdict
      FROM input i
      LEFT JOIN LATERAL (
        SELECT m.revision, m.value, m.numerator, m.denominator, m.duration_ms, m.observed_at, m.pull_id,
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
        ${pullId}, page_hash, ${instant(observedAtMs)}, ${instant(nowMs)}
      FROM judged
      WHERE verdict IN ('new', 'revision')
    ), finalised AS (
      UPDATE measurement m
      SET finalised_at = ${instant(nowMs)}, finalised_by_pull_id = ${pullId}
      FROM judged j
      WHERE j.verdict = 'finalised' AND m.series_id = j.series_id AND m.at = j.at AND m.revision = j.newest_revision
    )
    SELECT coalesce(json_agg(ordinal), '[]') AS ordinals, coalesce(json_agg(verdict), '[]') AS verdicts,
      coalesce(json_agg(CASE verdict WHEN 'finalised' THEN newest_revision ELSE coalesce(newest_revision, 0) + 1 END), '[]')
        AS revisions,
      coalesce(json_agg(greatest(duration_ms, newest_duration_ms)), '[]') AS durations,
      count(*) FILTER (WHERE verdict = 'revision' AND newest_pull_id = ${pullId}) AS repeated
    FROM judged
    WHERE verdict <> 'unchanged'`);

  const unchanged = batch.rows.length - found.ordinals.length;
  const { repeated } = found;
  const written: WrittenSamples = { inserted: 0, revisions: 0, finalised: 0, unchanged, repeated, changed: [] };
  for (const [index, ordinal] of found.ordinals.entries()) {
    const row = batch.rows[ordinal - 1];
    const seriesId = batch.seriesIds[ordinal - 1];
    if (row === undefined || seriesId === undefined)
      throw new RangeError(`ordinal ${ordinal} of ${batch.rows.length} rows`);
    const verdict = found.verdicts[index];
    if (verdict === 'new') written.inserted += 1;
    else if (verdict === 'revision') written.revisions += 1;
    else written.finalised += 1;
    if (!wantsChanged) continue;
    const durationMs = found.durations[index] ?? row.durationMs;
    const revision = found.revisions[index] ?? 1;
    written.changed.push({ seriesId, labels: row.labels, atMs: row.atMs, durationMs, revision });
  }
  return written;
}

/**
 * The rows as columns in the order series_id, at, duration_ms, value, numerator, denominator, status, page_hash. What is the same in
 * all of them, which duration, status and ratio parts mostly are, is sent once.
 */
function columnsOf(batch: PlacedRows): { select: Fragment; from: Fragment } {
  const arrays: Fragment[] = [];
  const names: ReturnType<typeof sql.identifier>[] = [];
  const column = (name: string, type: string, values: readonly (string | number | null | undefined)[]): Fragment => {
    const first = values[0] ?? null;
    const typed = sql.fragment`::${sql.identifier([type])}`;
    if (values.every((value) => (value ?? null) === first)) return sql.fragment`${first}${typed}`;
    // Numbers need no escaping, which would cost more than all the rest.
    const text = `{${values.map((value) => value ?? 'NULL').join(',')}}`;
    arrays.push(sql.fragment`${text}${typed}[]`);
    names.push(sql.identifier([name]));
    return sql.fragment`i.${sql.identifier([name])}`;
  };
  const { rows } = batch;
  const hashes = [...new Set(rows.map((row) => row.pageHash))];
  const hashNumbers = new Map(hashes.map((hash, index) => [hash, index + 1]));
  const status = ['final', 'provisional', 'estimated', 'missing'];
  const seriesId = column('series_id', 'int8', batch.seriesIds);
  const parts = [
    seriesId,
    sql.fragment`to_timestamp(${column(
      'at_ms',
      'float8',
      rows.map((row) => row.atMs),
    )} / 1000)`,
    sql.fragment`${column(
      'duration_ms',
      'float8',
      rows.map((row) => row.durationMs),
    )}::int8`,
    column(
      'value',
      'float8',
      rows.map((row) => row.value),
    ),
    column(
      'numerator',
      'float8',
      rows.map((row) => row.numerator),
    ),
    column(
      'denominator',
      'float8',
      rows.map((row) => row.denominator),
    ),
    sql.fragment`(${sql.array(status, 'text')})[${column(
      'status',
      'int4',
      rows.map((row) => status.indexOf(row.status) + 1),
    )}]`,
    sql.fragment`(${sql.array(hashes, 'text')})[${column(
      'page',
      'int4',
      rows.map((row) => hashNumbers.get(row.pageHash)),
    )}]`,
  ];
  const select = sql.fragment`${sql.join(parts, sql.fragment`, `)}`;
  // Where every column is the same there is one row, for no two of them are equal.
  const ordinals = sql.fragment`generate_series(1, ${rows.length}::int4)`;
  const from =
    arrays.length === 0
      ? sql.fragment`${ordinals} AS i(ordinal)`
      : sql.fragment`unnest(${sql.join(arrays, sql.fragment`, `)}) WITH ORDINALITY AS i(${sql.join([...names, sql.identifier(['ordinal'])], sql.fragment`, `)})`;
  return { select, from };
}
