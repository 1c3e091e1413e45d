import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { SeriesSource } from '#domain';
import type { IngestRow, SeriesRow } from '#kit';
import { instant, json, sql } from './context.ts';

const seriesSchema = z.object({
  id: z.string(),
  connector: z.string(),
  stream: z.string(),
  labels: z.record(z.string(), z.string()),
  unit: z.string(),
  key: z.string(),
});

/** Series of a stream whose labels contain the source's, by id: those that count, or counted at that time. */
export async function findSeries(
  connection: CommonQueryMethods,
  source: SeriesSource,
  knownAtMs?: number,
): Promise<SeriesRow[]> {
  const former =
    knownAtMs === undefined
      ? sql.fragment`false`
      : sql.fragment`superseded_stream = ${source.stream} AND superseded_at > ${instant(knownAtMs)}`;
  const rows = await connection.any(sql.type(seriesSchema)`
    SELECT id::text, connector, coalesce(superseded_stream, stream) AS stream, labels, unit,
      labels_hash || ' ' || unit AS key
    FROM series
    WHERE connector = ${source.connector} AND (stream = ${source.stream} OR ${former})
      AND labels @> ${json(source.labels)}::jsonb
    ORDER BY series.id`);
  return [...rows];
}

/** One text for each (unit, labels), whatever the order of the labels. Remembers label objects, which pages share over many rows. */
export function seriesKeys(): (row: Pick<IngestRow, 'unit' | 'labels'>) => string {
  const seen = new WeakMap<object, string>();
  return ({ unit, labels }) => {
    let text = seen.get(labels);
    if (text === undefined) {
      text = json(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
      seen.set(labels, text);
    }
    return `${text} ${unit}`;
  };
}

/** Ids of the series of those identities, making the ones that are new. Keys as given. */
export async function ensureSeries(
  connection: CommonQueryMethods,
  input: {
    connector: string;
    stream: string;
    nowMs: number;
    identities: ReadonlyMap<string, Pick<IngestRow, 'unit' | 'labels'>>;
  },
): Promise<Map<string, string>> {
  const keys = [...input.identities.keys()];
  const values = [...input.identities.values()];
  const identity = sql.fragment`
    unnest(
      ${sql.array(keys, 'text')},
      ${sql.array(
        values.map((value) => value.unit),
        'text',
      )},
      ${sql.array(
        values.map((value) => json(value.labels)),
        'text',
      )}
    ) AS i(key, unit, labels)`;
  const find = async (): Promise<Map<string, string>> => {
    const rows = await connection.any(sql.type(z.object({ key: z.string(), id: z.string() }))`
      SELECT i.key, s.id::text
      FROM ${identity}
      JOIN series s ON s.connector = ${input.connector} AND s.stream = ${input.stream} AND s.unit = i.unit
        AND s.labels_hash = md5((i.labels::jsonb)::text)`);
    return new Map(rows.map((row) => [row.key, row.id]));
  };
  const found = await find();
  if (found.size === keys.length) return found;
  await connection.query(sql.unsafe`
    INSERT INTO series (connector, stream, unit, labels, created_at)
    SELECT ${input.connector}, ${input.stream}, i.unit, i.labels::jsonb, ${instant(input.nowMs)}
    FROM ${identity}
    WHERE NOT i.key = ANY(${sql.array([...found.keys()], 'text')})
    ON CONFLICT (connector, stream, unit, labels_hash) DO NOTHING`);
  return await find();
}
