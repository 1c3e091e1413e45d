import { z } from 'zod';
import type { DeliveryRepository } from '#kit';
import { instant, type StoreContext, sql, storable } from './context.ts';
import { idPrefix } from './id-prefix.ts';

const states = ['pending', 'sending', 'sent', 'failed', 'unknown'] as const;

const deliverySchema = z.object({
  id: z.string(),
  idempotencyKey: z.string(),
  digestId: z.string(),
  subscription: z.string(),
  slot: z.string(),
  channel: z.enum(['email', 'slack']),
  address: z.string(),
  recipientName: z.string(),
  stakeholder: z.string().nullable(),
  currency: z.string().nullable(),
  test: z.boolean(),
  state: z.enum(states),
  messageId: z.string().nullable(),
  attempts: z.number(),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  createdAtMs: z.number(),
  updatedAtMs: z.number(),
  settledAtMs: z.number().nullable(),
  settledBy: z.string().nullable(),
  settleReason: z.string().nullable(),
});
const columns = sql.fragment`
  id, idempotency_key AS "idempotencyKey", digest_id AS "digestId", subscription, slot, channel, address,
  recipient_name AS "recipientName", stakeholder_id AS stakeholder, currency, test, state, message_id AS "messageId", attempts, error_code AS "errorCode",
  error_message AS "errorMessage", created_at AS "createdAtMs", updated_at AS "updatedAtMs",
  settled_at AS "settledAtMs", settled_by AS "settledBy", settle_reason AS "settleReason"`;
const all = sql.fragment`true`;

export function createDeliveryRepository(context: StoreContext): DeliveryRepository {
  const { connection, clock } = context;
  return {
    async create(row) {
      const now = instant(clock.nowMs());
      const inserted = await connection.maybeOne(sql.type(deliverySchema)`
        INSERT INTO delivery (id, idempotency_key, digest_id, subscription, slot, channel, address, recipient_name,
          stakeholder_id, currency, test, state, created_at, updated_at)
        VALUES (${row.id}, ${row.idempotencyKey}, ${row.digestId}, ${row.subscription}, ${row.slot}, ${row.channel},
          ${row.address}, ${row.recipientName}, (SELECT id FROM stakeholder WHERE id = ${row.stakeholder ?? null}),
          ${row.currency ?? null}, ${row.test}, 'pending', ${now}, ${now})
        ON CONFLICT (idempotency_key) DO NOTHING
        RETURNING ${columns}`);
      if (inserted !== null) return { delivery: inserted, created: true };
      const delivery = await connection.one(sql.type(deliverySchema)`
        SELECT ${columns} FROM delivery WHERE idempotency_key = ${row.idempotencyKey}`);
      return { delivery, created: false };
    },

    async get(id) {
      return await connection.maybeOne(sql.type(deliverySchema)`SELECT ${columns} FROM delivery WHERE id = ${id}`);
    },

    async beginSending(id, attempts) {
      return await connection.maybeOne(sql.type(deliverySchema)`
        UPDATE delivery
        SET state = 'sending', attempts = attempts + 1, updated_at = ${instant(clock.nowMs())}
        WHERE id = ${id} AND attempts = ${attempts} AND state IN ('pending', 'failed', 'unknown')
        RETURNING ${columns}`);
    },

    /** What was sent stays sent: a late answer of an earlier attempt does not undo it. */
    async finish(id, result) {
      const sent = result.state === 'sent';
      await connection.query(sql.unsafe`
        UPDATE delivery
        SET state = ${result.state}, message_id = ${sent ? result.messageId : null},
          error_code = ${sent ? null : result.errorCode}, error_message = ${sent ? null : storable(result.errorMessage)},
          updated_at = ${instant(clock.nowMs())}
        WHERE id = ${id} AND state <> 'sent'
          AND ${sent ? sql.fragment`true` : sql.fragment`attempts = ${result.attempts}`}`);
    },

    async list(limit) {
      return [
        ...(await connection.any(sql.type(deliverySchema)`
          SELECT ${columns} FROM delivery ORDER BY seq DESC LIMIT ${limit}`)),
      ];
    },

    async search({ state, subscription, digestId, afterId, limit }) {
      return [
        ...(await connection.any(sql.type(deliverySchema)`
          SELECT ${columns} FROM delivery
          WHERE ${state === undefined ? all : sql.fragment`state = ${state}`}
            AND ${subscription === undefined ? all : sql.fragment`subscription = ${subscription}`}
            AND ${digestId === undefined ? all : sql.fragment`digest_id = ${digestId}`}
            AND ${afterId === undefined ? all : sql.fragment`seq < (SELECT seq FROM delivery WHERE id = ${afterId})`}
          ORDER BY seq DESC LIMIT ${limit}`)),
      ];
    },

    async find(prefix, limit) {
      const like = idPrefix(prefix);
      if (like === null) return [];
      return [
        ...(await connection.any(sql.type(deliverySchema)`
          SELECT ${columns} FROM delivery WHERE id LIKE ${like} ORDER BY seq DESC LIMIT ${limit}`)),
      ];
    },

    /** A message that arrived has an id in its channel that nobody knows any more: who found out stands in its place. */
    async settle(id, { arrived, by, reason }) {
      const now = instant(clock.nowMs());
      return await connection.maybeOne(sql.type(deliverySchema)`
        UPDATE delivery
        SET state = ${arrived ? 'sent' : 'pending'}, message_id = ${arrived ? `settled by ${by}` : null}, error_code = NULL,
          error_message = NULL, updated_at = ${now}, settled_at = ${now}, settled_by = ${by},
          settle_reason = ${storable(reason)}
        WHERE id = ${id} AND state = 'unknown'
        RETURNING ${columns}`);
    },

    async counts() {
      const rows = await connection.any(sql.type(z.object({ state: z.enum(states), count: z.number() }))`
        SELECT state, count(*) AS count FROM delivery WHERE NOT test GROUP BY state`);
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    },
  };
}
