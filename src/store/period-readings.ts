import { z } from 'zod';
import type { KeptReadings, PeriodReading } from '#domain';
import type { ReadingRepository } from '#kit';
import { atomically, instant, json, type StoreContext, sql } from './context.ts';

type Facts = Pick<KeptReadings, 'facts' | 'newestSampleAtMs' | 'overlapping'>;
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const headSchema = z.object({ key: z.string(), asOf: z.string(), facts: z.custom<Facts>(isObject) });
const periodSchema = z.object({ isFrozen: z.boolean(), reading: z.custom<PeriodReading>(isObject) });

export function createReadingRepository(context: StoreContext): ReadingRepository {
  return {
    async get(projectId, metricId) {
      const { connection } = context;
      const head = await connection.maybeOne(sql.type(headSchema)`
        SELECT key, as_of AS "asOf", facts FROM metric_reading
        WHERE project_id = ${projectId} AND metric_id = ${metricId}`);
      if (head === null) return null;
      const rows = await connection.any(sql.type(periodSchema)`
        SELECT is_frozen AS "isFrozen", reading FROM period_reading
        WHERE project_id = ${projectId} AND metric_id = ${metricId}
        ORDER BY period`);
      const readings = (frozen: boolean) =>
        rows.filter(({ isFrozen }) => isFrozen === frozen).map(({ reading }) => reading);
      return { key: head.key, asOf: head.asOf, ...head.facts, periods: readings(false), frozen: readings(true) };
    },

    async put(projectId, metricId, { key, asOf, periods, frozen, ...facts }, changed) {
      await atomically(context, async (connection) => {
        await connection.query(sql.unsafe`
          INSERT INTO metric_reading (project_id, metric_id, key, as_of, facts, updated_at)
          VALUES (${projectId}, ${metricId}, ${key}, ${asOf}::date, ${json(facts)}::json,
            ${instant(context.clock.nowMs())})
          ON CONFLICT (project_id, metric_id) DO UPDATE
          SET key = excluded.key, as_of = excluded.as_of, facts = excluded.facts, updated_at = excluded.updated_at`);
        const rows = [
          ...periods.filter(({ from }) => changed?.periods.has(from) ?? true).map((one) => [false, one] as const),
          ...frozen.filter(() => changed?.frozen ?? true).map((one) => [true, one] as const),
        ];
        if (changed === null)
          await connection.query(sql.unsafe`
            DELETE FROM period_reading WHERE project_id = ${projectId} AND metric_id = ${metricId}`);
        if (rows.length === 0) return;
        await connection.query(sql.unsafe`
          INSERT INTO period_reading AS p (project_id, metric_id, is_frozen, period, reading)
          SELECT ${projectId}, ${metricId}, is_frozen, period::date, reading::json
          FROM unnest(
            ${sql.array(
              rows.map(([isFrozen]) => isFrozen),
              'bool',
            )},
            ${sql.array(
              rows.map(([, { from }]) => from),
              'text',
            )},
            ${sql.array(
              rows.map(([, reading]) => json(reading)),
              'text',
            )}
          ) AS i(is_frozen, period, reading)
          ON CONFLICT (project_id, metric_id, is_frozen, period) DO UPDATE SET reading = excluded.reading
          WHERE p.reading::text <> excluded.reading::text`);
      });
    },

    async dropOthers(projectId, metricIds) {
      await context.connection.query(sql.unsafe`
        DELETE FROM metric_reading
        WHERE project_id = ${projectId} AND NOT metric_id = ANY(${sql.array([...metricIds], 'text')})`);
    },
  };
}
