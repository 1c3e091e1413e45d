import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { StoredSample } from '#domain';
import type { SeriesRow } from '#kit';
import { instant, sql } from './context.ts';

export const sampleSchema = z.object({
  seriesId: z.string(),
  atMs: z.number(),
  durationMs: z.number(),
  value: z.number().nullable(),
  numerator: z.number().nullable(),
  denominator: z.number().nullable(),
  status: z.enum(['provisional', 'final', 'estimated', 'missing']),
  revision: z.number(),
  pullId: z.string(),
  pageHash: z.string(),
  observedAtMs: z.number(),
  recordedAtMs: z.number(),
});

type Interval = { fromMs: number; toMs: number };

const columns = sql.fragment`
  m.series_id::text AS "seriesId", m.at AS "atMs", m.duration_ms AS "durationMs", m.value, m.numerator, m.denominator,
  CASE WHEN m.finalised_at IS NULL THEN m.status ELSE 'final' END AS status, m.revision, m.pull_id AS "pullId",
  m.page_hash AS "pageHash", m.observed_at AS "observedAtMs", m.recorded_at AS "recordedAtMs"`;

/** As the domain tells evidence from what is not: the newest revision, with a figure, neither estimated nor missing. */
const isEvidence = sql.fragment`
  (m.value IS NOT NULL OR m.numerator IS NOT NULL)
  AND (m.finalised_at IS NOT NULL OR m.status IN ('final', 'provisional'))
  AND NOT EXISTS (
    SELECT FROM measurement newer WHERE newer.series_id = m.series_id AND newer.at = m.at AND newer.revision > m.revision
  )`;

/** Samples that begin in one of the windows, within the range, and of each series the last evidence before each window. */
export async function readWindows(
  connection: CommonQueryMethods,
  series: readonly SeriesRow[],
  windows: readonly Interval[],
  range: Interval,
): Promise<StoredSample[]> {
  const asked = windows
    .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, range.fromMs), toMs: Math.min(toMs, range.toMs) }))
    .filter(({ fromMs, toMs }) => fromMs < toMs);
  if (series.length === 0 || asked.length === 0) return [];
  const found: StoredSample[] = [];
  for (const { fromMs, toMs } of asked) {
    const rows = await connection.any(sql.type(sampleSchema)`
      (SELECT DISTINCT ON (m.series_id, m.at) ${columns} FROM measurement m
        WHERE m.series_id = ANY(${idsOf(series)}) AND m.at >= ${instant(fromMs)} AND m.at < ${instant(toMs)}
        ORDER BY m.series_id, m.at, m.revision DESC)
      UNION ALL
      SELECT before.* FROM unnest(${idsOf(series)}) AS s(id)
      CROSS JOIN LATERAL (
        SELECT ${columns} FROM measurement m
        WHERE m.series_id = s.id AND m.at >= ${instant(range.fromMs)} AND m.at < ${instant(fromMs)} AND ${isEvidence}
        ORDER BY m.at DESC LIMIT 1
      ) AS before`);
    found.push(...named(rows, series));
  }
  return distinct(found);
}

/** The first `limit` samples of each series within the range, and the first that is evidence. */
export async function readHeads(
  connection: CommonQueryMethods,
  series: readonly SeriesRow[],
  range: Interval,
  limit: number,
): Promise<StoredSample[]> {
  if (series.length === 0) return [];
  const within = sql.fragment`m.series_id = s.id AND m.at >= ${instant(range.fromMs)} AND m.at < ${instant(range.toMs)}`;
  const rows = await connection.any(sql.type(sampleSchema)`
    SELECT head.* FROM unnest(${idsOf(series)}) AS s(id)
    CROSS JOIN LATERAL (
      (SELECT DISTINCT ON (m.at) ${columns} FROM measurement m WHERE ${within}
        ORDER BY m.at, m.revision DESC LIMIT ${limit})
      UNION ALL
      (SELECT ${columns} FROM measurement m WHERE ${within} AND ${isEvidence} ORDER BY m.at LIMIT 1)
    ) AS head`);
  return distinct(named(rows, series));
}

const idsOf = (series: readonly SeriesRow[]) =>
  sql.array(
    series.map(({ id }) => id),
    'int8',
  );

function named(rows: readonly Omit<StoredSample, 'seriesKey'>[], series: readonly SeriesRow[]): StoredSample[] {
  const keys = new Map(series.map(({ id, key }) => [id, key]));
  return rows.map((row) => ({ ...row, seriesKey: keys.get(row.seriesId) ?? '' }));
}

/** Each sample once, by series and time. */
function distinct(samples: readonly StoredSample[]): StoredSample[] {
  const once = new Map(samples.map((sample) => [`${sample.seriesId} ${sample.atMs}`, sample]));
  return [...once.values()].sort((a, b) =>
    a.seriesId === b.seriesId ? a.atMs - b.atMs : a.seriesId < b.seriesId ? -1 : 1,
  );
}
