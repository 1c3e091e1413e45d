import { z } from 'zod';
import type { DigestFacts } from '#domain';
import type { DigestRepository } from '#kit';
import { instant, json, type StoreContext, sql } from './context.ts';

const digestSchema = z.object({
  id: z.string(),
  subscription: z.string(),
  projectId: z.string().nullable(),
  portfolioId: z.string().nullable(),
  slot: z.string(),
  snapshotId: z.string().nullable(),
  portfolioSnapshotId: z.string().nullable(),
  test: z.boolean(),
  facts: z.custom<DigestFacts>((value) => typeof value === 'object' && value !== null),
  factsHash: z.string(),
  createdAtMs: z.number(),
});
const columns = sql.fragment`
  id, subscription, project_id AS "projectId", portfolio_id AS "portfolioId", slot, snapshot_id AS "snapshotId",
  portfolio_snapshot_id AS "portfolioSnapshotId", test, facts, facts_hash AS "factsHash", created_at AS "createdAtMs"`;

export function createDigestRepository(context: StoreContext): DigestRepository {
  const { connection } = context;
  return {
    async save(row) {
      const inserted = await connection.maybeOne(sql.type(digestSchema)`
        INSERT INTO digest (id, subscription, project_id, portfolio_id, slot, snapshot_id, portfolio_snapshot_id, test,
          facts, facts_hash, created_at)
        VALUES (${row.id}, ${row.subscription}, ${row.projectId}, ${row.portfolioId ?? null}, ${row.slot},
          ${row.snapshotId}, ${row.portfolioSnapshotId ?? null}, ${row.test},
          ${json(row.facts)}::json, ${row.factsHash}, ${instant(context.clock.nowMs())})
        ON CONFLICT (subscription, slot) DO NOTHING
        RETURNING ${columns}`);
      if (inserted !== null) return { digest: inserted, created: true };
      const digest = await connection.one(sql.type(digestSchema)`
        SELECT ${columns} FROM digest WHERE subscription = ${row.subscription} AND slot = ${row.slot}`);
      return { digest, created: false };
    },

    async get(id) {
      return await connection.maybeOne(sql.type(digestSchema)`SELECT ${columns} FROM digest WHERE id = ${id}`);
    },

    async find(subscription, slot) {
      return await connection.maybeOne(sql.type(digestSchema)`
        SELECT ${columns} FROM digest WHERE subscription = ${subscription} AND slot = ${slot}`);
    },

    async latest(subscription) {
      return await connection.maybeOne(sql.type(digestSchema)`
        SELECT ${columns} FROM digest WHERE subscription = ${subscription} AND NOT test ORDER BY seq DESC LIMIT 1`);
    },

    async leaveOut({ subscription, slot, sinceDigestId }) {
      await connection.query(sql.unsafe`
        INSERT INTO digest_left_out (subscription, slot, since_digest_id, recorded_at)
        VALUES (${subscription}, ${slot}, ${sinceDigestId}, ${instant(context.clock.nowMs())})
        ON CONFLICT (subscription, slot) DO UPDATE
        SET since_digest_id = EXCLUDED.since_digest_id, recorded_at = EXCLUDED.recorded_at
        WHERE digest_left_out.since_digest_id <> EXCLUDED.since_digest_id`);
    },

    async leftOut(subscription, sinceDigestId, except) {
      return await connection.oneFirst(sql.type(z.object({ count: z.number() }))`
        SELECT count(*)::integer AS count FROM digest_left_out
        WHERE subscription = ${subscription} AND since_digest_id = ${sinceDigestId} AND slot <> ${except}`);
    },
  };
}
