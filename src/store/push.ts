import { z } from 'zod';
import type { PushRepository, StepSeriesRow } from '#kit';
import { atomically, instant, json, type StoreContext, sql } from './context.ts';

const receiptSchema = z.object({ sha256: z.string(), answer: z.unknown() });
const markSchema = z.object({ endsAtMs: z.number(), version: z.number(), follows: z.boolean() });
const timeSchema = z.object({ atMs: z.number() });
const sample = z.tuple([z.number(), z.number().nullable()]);
const stepSchema = z.object({
  labels: z.record(z.string(), z.string()),
  before: sample.nullable(),
  beforeValue: z.tuple([z.number(), z.number()]).nullable(),
  samples: z.array(sample),
});
const epochMs = (column: 'at') => sql.fragment`round(extract(epoch FROM ${sql.identifier([column])}) * 1000)`;

export function createPushRepository(context: StoreContext): PushRepository {
  const { connection, clock } = context;
  const now = () => instant(clock.nowMs());
  return {
    async receipt(connector, key, chunk) {
      const row = await connection.maybeOne(sql.type(receiptSchema)`
        SELECT sha256, answer FROM push_receipt
        WHERE connector = ${connector} AND idempotency_key = ${key} AND chunk = ${chunk}`);
      return row === null ? null : { sha256: row.sha256, answer: row.answer };
    },

    async keepReceipt({ connector, key, chunk, sha256, answer }, { forgetBeforeMs }) {
      await connection.query(sql.unsafe`
        DELETE FROM push_receipt WHERE connector = ${connector} AND created_at < ${instant(forgetBeforeMs)}`);
      await connection.query(sql.unsafe`
        INSERT INTO push_receipt (connector, idempotency_key, chunk, sha256, answer, created_at)
        VALUES (${connector}, ${key}, ${chunk}, ${sha256}, ${json(answer)}::jsonb, ${now()})`);
    },

    async addSamples({ connector, stream, maxSeries, series }) {
      return await atomically(context, async (transaction) => {
        const identity = sql.fragment`
          (SELECT i.labels::jsonb AS labels, i.ordinal
           FROM unnest(${sql.array(
             series.map(({ labels }) => json(labels)),
             'text',
           )}) WITH ORDINALITY AS i(labels, ordinal))`;
        // In one order everywhere: requests that bring the same new series must not wait for each other in a circle.
        await transaction.query(sql.unsafe`
          INSERT INTO push_series (connector, stream, labels, created_at)
          SELECT ${connector}, ${stream}, fresh.labels, ${now()}
          FROM (
            SELECT DISTINCT i.labels FROM ${identity} AS i
            WHERE NOT EXISTS (
              SELECT FROM push_series s
              WHERE s.connector = ${connector} AND s.stream = ${stream} AND s.labels_hash = md5(i.labels::text))
            ORDER BY i.labels
            LIMIT greatest(0, ${maxSeries} - (
              SELECT count(*) FROM push_series s WHERE s.connector = ${connector} AND s.stream = ${stream}))
          ) AS fresh
          ORDER BY md5(fresh.labels::text)
          ON CONFLICT (connector, stream, labels_hash) DO NOTHING`);
        const found = await transaction.any(sql.type(z.object({ ordinal: z.number(), id: z.string() }))`
          SELECT i.ordinal, s.id::text
          FROM ${identity} AS i
          JOIN push_series s ON s.connector = ${connector} AND s.stream = ${stream}
            AND s.labels_hash = md5(i.labels::text)`);
        const ids = new Map(found.map(({ ordinal, id }) => [ordinal - 1, id]));
        // The last one of two at the same time counts, as everywhere.
        const rows = new Map<string, { id: string; atMs: number; value: number | null }>();
        series.forEach(({ samples }, index) => {
          const id = ids.get(index);
          if (id !== undefined) for (const { atMs, value } of samples) rows.set(`${id} ${atMs}`, { id, atMs, value });
        });
        const list = [...rows.values()];
        const changed = await transaction.any(sql.type(timeSchema)`
          WITH written AS (
            INSERT INTO push_sample (series_id, at, value, received_at)
            SELECT i.series_id, to_timestamp(i.at_ms / 1000), i.value, ${now()}
            FROM unnest(
              ${sql.array(
                list.map(({ id }) => id),
                'int8',
              )},
              ${sql.array(
                list.map(({ atMs }) => atMs),
                'float8',
              )},
              ${sql.array(
                list.map(({ value }) => value),
                'float8',
              )}
            ) AS i(series_id, at_ms, value)
            ORDER BY 1, 2
            ON CONFLICT (series_id, at) DO UPDATE SET value = excluded.value, received_at = excluded.received_at
            WHERE push_sample.value IS DISTINCT FROM excluded.value
            RETURNING at
          )
          SELECT DISTINCT ${epochMs('at')}::float8 AS "atMs" FROM written`);
        return {
          changedAtMs: changed.map(({ atMs }) => atMs),
          leftOut: series.flatMap((_, index) => (ids.has(index) ? [] : [index])),
        };
      });
    },

    async markSteps(connector, stream, endsAtMs, { follows = false } = {}) {
      if (endsAtMs.length === 0) return [];
      const rows = await connection.any(sql.type(timeSchema.extend({ isNew: z.boolean() }))`
        INSERT INTO push_step (connector, stream, ends_at, marked_at, follows)
        SELECT ${connector}, ${stream}, to_timestamp(ends_ms / 1000), ${now()}, ${follows}
        FROM unnest(${sql.array(
          [...new Set(endsAtMs)].sort((a, b) => a - b),
          'float8',
        )}) AS i(ends_ms)
        ORDER BY 3
        ON CONFLICT (connector, stream, ends_at) DO UPDATE
        SET version = push_step.version + 1, follows = push_step.follows AND excluded.follows
        RETURNING (extract(epoch FROM ends_at) * 1000)::float8 AS "atMs", version = 1 AS "isNew"`);
      return rows.flatMap(({ atMs, isNew }) => (isNew ? [atMs] : []));
    },

    async dueSteps(connector, stream, endedByMs, limit) {
      return [
        ...(await connection.any(sql.type(markSchema)`
          SELECT (extract(epoch FROM ends_at) * 1000)::float8 AS "endsAtMs", version, follows
          FROM push_step
          WHERE connector = ${connector} AND stream = ${stream} AND ends_at <= ${instant(endedByMs)}
          ORDER BY ends_at LIMIT ${limit}`)),
      ];
    },

    async clearStep(connector, stream, { endsAtMs, version }) {
      await connection.query(sql.unsafe`
        DELETE FROM push_step
        WHERE connector = ${connector} AND stream = ${stream} AND ends_at = ${instant(endsAtMs)} AND version = ${version}`);
    },

    async readStep(connector, stream, { fromMs, toMs, staleAfterMs }) {
      const pair = sql.fragment`json_build_array(${epochMs('at')}, value)`;
      const rows = await connection.any(sql.type(stepSchema)`
        SELECT s.labels,
          (SELECT ${pair} FROM push_sample WHERE series_id = s.id AND at <= ${instant(fromMs)}
           ORDER BY at DESC LIMIT 1) AS before,
          (SELECT ${pair} FROM push_sample WHERE series_id = s.id AND at <= ${instant(fromMs)} AND value IS NOT NULL
           ORDER BY at DESC LIMIT 1) AS "beforeValue",
          coalesce((SELECT json_agg(${pair} ORDER BY at) FROM push_sample
           WHERE series_id = s.id AND at > ${instant(fromMs)} AND at <= ${instant(toMs)}), '[]') AS samples
        FROM push_series s
        WHERE s.connector = ${connector} AND s.stream = ${stream}
          AND EXISTS (SELECT FROM push_sample
            WHERE series_id = s.id AND at > ${instant(fromMs - staleAfterMs)} AND at <= ${instant(toMs)})
        ORDER BY s.labels_hash`);
      return rows.map((row): StepSeriesRow => row);
    },

    async nextTimes(connector, stream, { fromMs, toMs }) {
      const rows = await connection.any(sql.type(timeSchema)`
        SELECT DISTINCT ${epochMs('at')}::float8 AS "atMs"
        FROM push_series s
        CROSS JOIN LATERAL (
          SELECT at FROM push_sample WHERE series_id = s.id AND at > ${instant(toMs)} ORDER BY at LIMIT 1) AS next
        WHERE s.connector = ${connector} AND s.stream = ${stream}
          AND EXISTS (SELECT FROM push_sample
            WHERE series_id = s.id AND at > ${instant(fromMs)} AND at <= ${instant(toMs)})`);
      return rows.map(({ atMs }) => atMs);
    },

    async prune(connector, stream, beforeMs) {
      const mine = sql.fragment`s.connector = ${connector} AND s.stream = ${stream}`;
      const newest = (limit: ReturnType<typeof instant>) => sql.fragment`
        (SELECT max(at) FROM push_sample WHERE series_id = s.id AND value IS NOT NULL AND at < ${limit})`;
      await atomically(context, async (transaction) => {
        await transaction.query(sql.unsafe`
          DELETE FROM push_series s
          WHERE ${mine} AND s.created_at < ${instant(beforeMs)}
            AND NOT EXISTS (SELECT FROM push_sample WHERE series_id = s.id AND at >= ${instant(beforeMs)})`);
        await transaction.query(sql.unsafe`
          DELETE FROM push_sample p USING push_series s
          WHERE p.series_id = s.id AND ${mine} AND p.at < ${newest(instant(beforeMs))}`);
      });
    },

    async lastReceivedAtMs(connector, stream) {
      return await connection.maybeOneFirst(sql.type(z.object({ atMs: z.number().nullable() }))`
        SELECT max(p.received_at) AS "atMs"
        FROM push_series s JOIN push_sample p ON p.series_id = s.id
        WHERE s.connector = ${connector} AND s.stream = ${stream}`);
    },
  };
}
