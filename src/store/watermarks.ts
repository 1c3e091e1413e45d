import { z } from 'zod';
import type { WatermarkRepository } from '#kit';
import { instant, type StoreContext, sql } from './context.ts';

const watermarkSchema = z.object({
  connector: z.string(),
  stream: z.string(),
  watermarkMs: z.number(),
  pullId: z.string(),
  updatedAtMs: z.number(),
  firstReadAtMs: z.number(),
});
const columns = sql.fragment`
  connector, stream, watermark_at AS "watermarkMs", pull_id AS "pullId", updated_at AS "updatedAtMs",
  coalesce(first_read_at, updated_at) AS "firstReadAtMs"`;

export function createWatermarkRepository(context: StoreContext): WatermarkRepository {
  return {
    async get(connector, stream) {
      return await context.connection.maybeOne(sql.type(watermarkSchema)`
        SELECT ${columns} FROM watermark WHERE connector = ${connector} AND stream = ${stream}`);
    },

    async list() {
      return [
        ...(await context.connection.any(sql.type(watermarkSchema)`
          SELECT ${columns} FROM watermark ORDER BY connector, stream`)),
      ];
    },

    async advance({ connector, stream, watermarkMs, pullId }) {
      await context.connection.query(sql.unsafe`
        INSERT INTO watermark (connector, stream, watermark_at, pull_id, updated_at, first_read_at)
        VALUES (${connector}, ${stream}, ${instant(watermarkMs)}, ${pullId}, ${instant(context.clock.nowMs())},
          ${instant(context.clock.nowMs())})
        ON CONFLICT (connector, stream) DO UPDATE
        SET watermark_at = excluded.watermark_at, pull_id = excluded.pull_id, updated_at = excluded.updated_at
        WHERE watermark.watermark_at < excluded.watermark_at`);
    },
  };
}
