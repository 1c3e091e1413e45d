import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { PullWindow, WindowCoverage } from '#kit';
import { sql } from './context.ts';

const coverageSchema = z.object({ samples: z.number(), costs: z.number(), isPulled: z.boolean() });

/** What is stored of each window of a stream: first revisions are counted, for each sample and each line has exactly one. */
export async function readCoverage(
  connection: CommonQueryMethods,
  { connector, stream }: { connector: string; stream: string },
  windows: readonly PullWindow[],
): Promise<WindowCoverage[]> {
  if (windows.length === 0) return [];
  const rows = await connection.any(sql.type(coverageSchema)`
    WITH asked AS MATERIALIZED (
      SELECT ordinal, to_timestamp(from_ms / 1000) AS from_at, to_timestamp(to_ms / 1000) AS to_at
      FROM unnest(
        ${sql.array(
          windows.map(({ fromMs }) => fromMs),
          'float8',
        )},
        ${sql.array(
          windows.map(({ toMs }) => toMs),
          'float8',
        )}
      ) WITH ORDINALITY AS i(from_ms, to_ms, ordinal)
    ), pulled AS MATERIALIZED (
      SELECT range_agg(tstzrange(from_at, CASE state WHEN 'succeeded' THEN to_at ELSE complete_at END)) AS windows FROM pull
      WHERE connector = ${connector} AND stream = ${stream} AND (state = 'succeeded' OR complete_at IS NOT NULL)
        AND started_at >= stream_generation_since(${connector}, ${stream}, 'infinity')
        AND from_at < (SELECT max(to_at) FROM asked) AND to_at > (SELECT min(from_at) FROM asked)
    )
    SELECT
      (SELECT count(*) FROM measurement m
        WHERE m.series_id IN (SELECT id FROM series WHERE connector = ${connector} AND stream = ${stream})
          AND m.at >= a.from_at AND m.at < a.to_at AND m.revision = 1) AS samples,
      (SELECT count(*) FROM cost_line c
        WHERE c.connector = ${connector} AND c.stream = ${stream} AND c.revision = 1
          AND c.posting_date >= (a.from_at AT TIME ZONE 'UTC')::date
          AND c.posting_date < (a.to_at AT TIME ZONE 'UTC')::date) AS costs,
      coalesce(pulled.windows @> tstzrange(a.from_at, a.to_at), false) AS "isPulled"
    FROM asked a CROSS JOIN pulled
    ORDER BY a.ordinal`);
  return [...rows];
}
