import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { TokenRow, TokenStore } from '#kit';
import { type StoreContext, sql, storable } from './context.ts';

/** A refresh token that nobody has used for so long is dead, and so is a session. */
const FORGOTTEN_AFTER = '400 days';

const rowSchema = z.object({
  generation: z.number(),
  sealed: z.string().nullable(),
  expiresInMs: z.number().nullable(),
  heldForMs: z.number(),
  refusedReason: z.string().nullable(),
  refusedAgoMs: z.number().nullable(),
  refusalEndsInMs: z.number().nullable(),
});
const milliseconds = (interval: ReturnType<typeof sql.fragment>) =>
  sql.fragment`round(extract(epoch FROM ${interval}) * 1000)::double precision`;
const columns = sql.fragment`
  generation, sealed, ${milliseconds(sql.fragment`expires_at - clock_timestamp()`)} AS "expiresInMs",
  greatest(0, coalesce(${milliseconds(sql.fragment`held_until - clock_timestamp()`)}, 0)) AS "heldForMs",
  refused_reason AS "refusedReason", ${milliseconds(sql.fragment`clock_timestamp() - refused_at`)} AS "refusedAgoMs",
  ${milliseconds(sql.fragment`refused_until - clock_timestamp()`)} AS "refusalEndsInMs"`;
const later = (ms: number | null) =>
  sql.fragment`clock_timestamp() + ${ms}::double precision * interval '1 millisecond'`;
const unrefused = sql.fragment`refused_at = NULL, refused_until = NULL, refused_reason = NULL`;

/** Each method is one statement: nothing is locked while a source is asked. */
export function createTokenStore({ connection }: Pick<StoreContext, 'connection'>): TokenStore {
  return {
    read: (key) => readRow(connection, key),

    async claim({ key, connector, generation, holder, leaseMs }) {
      // `before` is the row as it was: whoever is named there had leave and never said how it ended.
      const granted = await connection.maybeOne(sql.type(rowSchema.extend({ interrupted: z.boolean() }))`
        WITH before AS (SELECT t.holder FROM source_token t WHERE t.key = ${key})
        INSERT INTO source_token AS t (key, connector, holder, held_until, updated_at)
        SELECT ${key}, ${connector}, ${holder}, ${later(leaseMs)}, clock_timestamp()
        WHERE ${generation}::bigint = 0 OR EXISTS (SELECT FROM before)
        ON CONFLICT (key) DO UPDATE
        SET connector = excluded.connector, holder = excluded.holder, held_until = excluded.held_until,
          updated_at = excluded.updated_at
        WHERE t.generation = ${generation} AND (t.held_until IS NULL OR t.held_until < clock_timestamp())
        RETURNING ${columns}, coalesce((SELECT b.holder IS NOT NULL FROM before b), false) AS interrupted`);
      if (granted === null) return { granted: false, interrupted: false, row: await readRow(connection, key) };
      const { interrupted, ...row } = granted;
      return { granted: true, interrupted, row: toRow(row) };
    },

    async save({ key, generation, holder, sealed, expiresInMs }) {
      const saved = await connection.maybeOne(sql.type(z.object({ generation: z.number() }))`
        UPDATE source_token
        SET generation = source_token.generation + 1, sealed = ${sealed}, expires_at = ${later(expiresInMs)}, ${unrefused},
          held_until = CASE WHEN holder = ${holder} THEN NULL ELSE held_until END,
          holder = CASE WHEN holder = ${holder} THEN NULL ELSE holder END, updated_at = clock_timestamp()
        WHERE key = ${key} AND (source_token.generation = ${generation} OR holder = ${holder})
        RETURNING generation`);
      await connection.query(sql.unsafe`
        DELETE FROM source_token WHERE updated_at < clock_timestamp() - ${FORGOTTEN_AFTER}::interval`);
      return saved !== null;
    },

    async release(key, holder) {
      await connection.query(sql.unsafe`
        UPDATE source_token SET holder = NULL, held_until = NULL, updated_at = clock_timestamp()
        WHERE key = ${key} AND holder = ${holder}`);
    },

    async refuse({ key, holder, reason, holdsMs }) {
      await connection.query(sql.unsafe`
        UPDATE source_token
        SET holder = NULL, held_until = NULL, refused_at = clock_timestamp(), refused_until = ${later(holdsMs)},
          refused_reason = ${storable(reason)}, updated_at = clock_timestamp()
        WHERE key = ${key} AND holder = ${holder}`);
    },
  };
}

async function readRow(connection: CommonQueryMethods, key: string): Promise<TokenRow> {
  const row = await connection.maybeOne(sql.type(rowSchema)`SELECT ${columns} FROM source_token WHERE key = ${key}`);
  return row === null ? { generation: 0, sealed: null, expiresInMs: null, heldForMs: 0, refusal: null } : toRow(row);
}

function toRow({ refusedReason, refusedAgoMs, refusalEndsInMs, ...row }: z.output<typeof rowSchema>): TokenRow {
  const isRefused = refusedReason !== null && refusedAgoMs !== null && refusalEndsInMs !== null && refusalEndsInMs > 0;
  return {
    ...row,
    refusal: isRefused ? { reason: refusedReason, agoMs: refusedAgoMs, endsInMs: refusalEndsInMs } : null,
  };
}
