import { z } from 'zod';
import type { SecretRepository } from '#kit';
import { instant, type StoreContext, sql, storable } from './context.ts';

const rowSchema = z.object({
  name: z.string(),
  keyId: z.string(),
  createdAtMs: z.number(),
  setAtMs: z.number(),
  setBy: z.string(),
});
const sealedSchema = z.object({ name: z.string(), sealed: z.string() });

export function createSecretRepository({ connection, clock }: StoreContext): SecretRepository {
  return {
    async list() {
      return [
        ...(await connection.any(sql.type(rowSchema)`
          SELECT name, key_id AS "keyId", created_at AS "createdAtMs", set_at AS "setAtMs", set_by AS "setBy"
          FROM secret ORDER BY name COLLATE "C"`)),
      ];
    },

    async sealed() {
      return [
        ...(await connection.any(sql.type(sealedSchema)`SELECT name, sealed FROM secret ORDER BY name COLLATE "C"`)),
      ];
    },

    async set({ name, sealed, setBy }) {
      const now = instant(clock.nowMs());
      const { created } = await connection.one(sql.type(z.object({ created: z.boolean() }))`
        INSERT INTO secret (name, sealed, created_at, set_at, set_by)
        VALUES (${name}, ${sealed}, ${now}, ${now}, ${storable(setBy)})
        ON CONFLICT (name) DO UPDATE
          SET sealed = excluded.sealed, revision = excluded.revision, set_at = excluded.set_at, set_by = excluded.set_by
        RETURNING xmax = 0 AS created`);
      return created ? 'created' : 'replaced';
    },

    async remove(name) {
      const { rowCount } = await connection.query(sql.unsafe`DELETE FROM secret WHERE name = ${name}`);
      return rowCount > 0;
    },

    async rewrap({ name, from, to }) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE secret SET sealed = ${to} WHERE name = ${name} AND sealed = ${from}`);
      return rowCount > 0;
    },

    async sealedTokens() {
      return [
        ...(await connection.any(sql.type(z.object({ key: z.string(), sealed: z.string() }))`
          SELECT key, sealed FROM source_token WHERE sealed IS NOT NULL ORDER BY key`)),
      ];
    },

    async rewrapToken({ key, from, to }) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE source_token SET sealed = ${to} WHERE key = ${key} AND sealed = ${from}`);
      return rowCount > 0;
    },

    async fingerprint() {
      // Not the greatest revision: of two that are written at once, the smaller one may appear later.
      const { fingerprint } = await connection.one(sql.type(z.object({ fingerprint: z.string() }))`
        SELECT coalesce(string_agg(name || ':' || revision, ',' ORDER BY name COLLATE "C"), '') AS fingerprint FROM secret`);
      return fingerprint;
    },
  };
}
