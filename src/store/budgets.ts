import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import {
  type AccountMemory,
  BUDGET_WINDOW_MS,
  type BudgetClaim,
  type BudgetLimits,
  type BudgetQueue,
  type BudgetRepository,
  type FetchPurpose,
  hearSignal,
  judgeClaim,
  LONGEST_ASK_MS,
  QUEUE_MARGIN_MS,
  RetryableError,
  type SourceSignal,
  waitAnswer,
} from '#kit';
import { readBudgetStatus } from './budget-status.ts';
import { instant, type StoreContext, sql, storable } from './context.ts';

/** So many others were granted, one after the other, while one tried. */
const MOST_TRIES = 200;

const memoryShape = {
  version: z.number(),
  day: z.string().nullable(),
  dayUsed: z.number(),
  blockedUntilMs: z.number().nullable(),
  blockedReason: z.string().nullable(),
  sourcePerMinute: z.number().nullable(),
  sourceSeenAtMs: z.number().nullable(),
  easedTo: z.number().nullable(),
  easedFrom: z.number().nullable(),
  easedAtMs: z.number().nullable(),
};
const memoryColumns = sql.fragment`
  coalesce(a.version, 0) AS version, a.day::text AS day, coalesce(a.day_used, 0) AS "dayUsed",
  a.blocked_until AS "blockedUntilMs", a.blocked_reason AS "blockedReason", a.source_per_minute AS "sourcePerMinute",
  a.source_seen_at AS "sourceSeenAtMs", a.eased_to AS "easedTo", a.eased_from AS "easedFrom", a.eased_at AS "easedAtMs"`;
/** Of leases `l`. */
const inUse = sql.fragment`l.ended_at IS NULL AND l.expires_at > now`;
const ms = (value: number) => sql.fragment`(${value}::double precision * interval '1 millisecond')`;

/**
 * Budgets of the whole fleet. A decision is made here on what one statement read, and written by another that takes effect
 * only when nothing was granted and nothing was heard of the account in between: no row is locked for longer than a
 * statement, so that a process that stands still holds up no other. Every instant is the server's.
 */
export function createBudgetRepository({ connection }: Pick<StoreContext, 'connection'>): BudgetRepository {
  return {
    async claim(claim) {
      const { limits, purpose, queue, waitedMs } = claim;
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const view = await readView(connection, claim);
        const verdict = judgeClaim(view, { limits, purpose, waitedMs });
        if (verdict.granted) {
          if (await grant(connection, claim, { version: view.version, day: verdict.day })) return { granted: true };
          continue;
        }
        const freesInMs = verdict.over > 0 ? await readFreesInMs(connection, limits.account, verdict.over) : null;
        const answer = waitAnswer(verdict, { waitedMs, freesInMs, detail: view.blockedReason });
        await connection.query(sql.unsafe`${enter(limits.account, queue, waitedMs)}`);
        return answer;
      }
      throw new RetryableError(
        'storage/unavailable',
        `The budget of ${limits.account} is claimed by so many processes at once that none of ${MOST_TRIES} tries came through.`,
        { hint: 'Run fewer workers, or let fewer jobs run at once in each of them.' },
      );
    },

    async leave(account, queue) {
      await connection.query(sql.unsafe`${keep(account, queue)}`);
    },

    async release(limits, leaseId, { sent, begunWithinMs, signal }) {
      const grantedAtMs = sent
        ? await end(connection, leaseId, begunWithinMs)
        : await takeBack(connection, leaseId, limits.account);
      if (signal !== null && grantedAtMs !== null) await hear(connection, limits, signal, grantedAtMs);
    },

    list: (limits) => readBudgetStatus(connection, limits),

    async unblock(account) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE budget_account
        SET version = version + 1, blocked_until = NULL, blocked_reason = NULL, source_per_minute = NULL,
          source_seen_at = NULL, eased_to = NULL, eased_from = NULL, eased_at = NULL
        WHERE id = ${account}
          AND (blocked_until > clock_timestamp() OR source_per_minute IS NOT NULL OR eased_to IS NOT NULL)`);
      return rowCount > 0;
    },
  };
}

const viewSchema = z.object({
  ...memoryShape,
  nowMs: z.number(),
  inUse: z.number(),
  usedLastMinute: z.number(),
  liveElsewhere: z.number(),
  queuesElsewhere: z.array(z.object({ waitedMs: z.number() })),
});

async function readView(connection: CommonQueryMethods, { limits: { account }, purpose, queue }: BudgetClaim) {
  const samePurpose = purpose === 'live' ? sql.fragment`q.live > 0` : sql.fragment`q.live = 0 AND q.backfill > 0`;
  const elsewhere = sql.fragment`q.account = ${account} AND q.id <> ${queue.id} AND q.expires_at > now`;
  return await connection.one(sql.type(viewSchema)`
    WITH t AS MATERIALIZED (SELECT clock_timestamp() AS now)
    SELECT now AS "nowMs", ${memoryColumns},
      (SELECT count(*) FROM budget_lease l WHERE l.account = ${account} AND ${inUse}) AS "inUse",
      (SELECT count(*) FROM budget_lease l WHERE l.account = ${account} AND l.counts_until > now) AS "usedLastMinute",
      (SELECT coalesce(sum(q.live), 0) FROM budget_queue q WHERE ${elsewhere}) AS "liveElsewhere",
      (SELECT coalesce(json_agg(json_build_object('waitedMs', extract(epoch FROM now - q.since) * 1000)), '[]')
        FROM budget_queue q WHERE ${elsewhere} AND ${samePurpose}) AS "queuesElsewhere"
    FROM t LEFT JOIN budget_account a ON a.id = ${account}`);
}

/** Milliseconds until `over` requests have left the window, if those under way are over at once. */
async function readFreesInMs(connection: CommonQueryMethods, account: string, over: number): Promise<number | null> {
  const found = await connection.maybeOne(sql.type(z.object({ freesInMs: z.number() }))`
    WITH t AS MATERIALIZED (SELECT clock_timestamp() AS now)
    SELECT extract(epoch FROM CASE WHEN ${inUse} THEN l.granted_at + ${ms(BUDGET_WINDOW_MS)} ELSE l.counts_until END - now)::float8 * 1000
      AS "freesInMs"
    FROM t, budget_lease l
    WHERE l.account = ${account} AND l.counts_until > now
    ORDER BY 1 OFFSET ${over - 1} LIMIT 1`);
  return found?.freesInMs ?? null;
}

/** False when somebody was granted, or something was heard, since that version. */
async function grant(
  connection: CommonQueryMethods,
  { limits: { account }, purpose, leaseId, leaseMs, queue }: BudgetClaim,
  { version, day }: { version: number; day: string },
): Promise<boolean> {
  const granted = await connection.oneFirst(sql.type(z.object({ granted: z.number() }))`
    WITH mine AS (
      INSERT INTO budget_account AS a (id, version, day, day_used) VALUES (${account}, 1, ${day}::date, 1)
      ON CONFLICT (id) DO UPDATE
      SET version = a.version + 1, day = EXCLUDED.day, day_used = CASE WHEN a.day = EXCLUDED.day THEN a.day_used + 1 ELSE 1 END
      WHERE a.version = ${version}
      RETURNING a.id
    ), lease AS (
      INSERT INTO budget_lease (id, account, purpose, holder, granted_at, expires_at, counts_until)
      SELECT ${leaseId}, t.id, ${purpose}, ${queue.id}, t.now, t.now + ${ms(leaseMs)},
        t.now + ${ms(leaseMs + BUDGET_WINDOW_MS)}
      FROM (SELECT id, clock_timestamp() AS now FROM mine) t
    ), swept AS (
      DELETE FROM budget_lease WHERE account IN (SELECT id FROM mine) AND counts_until < clock_timestamp()
    ), deserted AS (
      DELETE FROM budget_queue
      WHERE account IN (SELECT id FROM mine) AND expires_at < clock_timestamp() AND id <> ${queue.id}
    ), queue AS (${keep(account, without(queue, purpose), sql.fragment`IN (SELECT id FROM mine)`)})
    SELECT count(*) AS granted FROM mine`);
  return granted > 0;
}

function without(queue: BudgetQueue, purpose: FetchPurpose): BudgetQueue {
  return { ...queue, [purpose]: Math.max(0, queue[purpose] - 1) };
}

const queueLifetime = ms(LONGEST_ASK_MS + QUEUE_MARGIN_MS);

/** The queue waits, and its first has waited for so long. */
const enter = (account: string, queue: BudgetQueue, waitedMs: number) => sql.fragment`
  INSERT INTO budget_queue (account, id, live, backfill, since, expires_at)
  VALUES (${account}, ${queue.id}, ${queue.live}, ${queue.backfill}, clock_timestamp() - ${ms(waitedMs)},
    clock_timestamp() + ${queueLifetime})
  ON CONFLICT (account, id) DO UPDATE
  SET live = EXCLUDED.live, backfill = EXCLUDED.backfill, since = EXCLUDED.since, expires_at = EXCLUDED.expires_at`;

/** What is left of a queue when one has gone on. Who comes next asks at once, and says then how long it has waited. */
const keep = (account: string, queue: BudgetQueue, when = sql.fragment`= ${account}`) =>
  queue.live + queue.backfill === 0
    ? sql.fragment`DELETE FROM budget_queue WHERE account ${when} AND id = ${queue.id}`
    : sql.fragment`
        UPDATE budget_queue
        SET live = ${queue.live}, backfill = ${queue.backfill}, since = clock_timestamp(),
          expires_at = clock_timestamp() + ${queueLifetime}
        WHERE account ${when} AND id = ${queue.id}`;

const grantedSchema = z.object({ grantedAtMs: z.number() });

/** When it was granted; null when it has ended already. */
async function end(
  connection: CommonQueryMethods,
  leaseId: string,
  begunWithinMs: number | null,
): Promise<number | null> {
  // Counted from the grant, which came after the asking: never too early.
  const begun =
    begunWithinMs === null
      ? sql.fragment`clock_timestamp()`
      : sql.fragment`least(clock_timestamp(), granted_at + ${ms(begunWithinMs)})`;
  const row = await connection.maybeOne(sql.type(grantedSchema)`
    UPDATE budget_lease
    SET ended_at = clock_timestamp(), counts_until = ${begun} + ${ms(BUDGET_WINDOW_MS)}
    WHERE id = ${leaseId} AND ended_at IS NULL
    RETURNING granted_at AS "grantedAtMs"`);
  return row?.grantedAtMs ?? null;
}

async function takeBack(connection: CommonQueryMethods, leaseId: string, account: string): Promise<number | null> {
  const row = await connection.maybeOne(sql.type(grantedSchema)`
    WITH gone AS (DELETE FROM budget_lease WHERE id = ${leaseId} AND ended_at IS NULL RETURNING granted_at),
      uncounted AS (
        UPDATE budget_account SET day_used = day_used - 1
        WHERE id = ${account} AND day_used > 0 AND EXISTS (SELECT FROM gone)
      )
    SELECT granted_at AS "grantedAtMs" FROM gone`);
  return row?.grantedAtMs ?? null;
}

const heardSchema = z.object({ ...memoryShape, nowMs: z.number(), usedLastMinute: z.number() });

async function hear(
  connection: CommonQueryMethods,
  limits: BudgetLimits,
  signal: SourceSignal,
  grantedAtMs: number,
): Promise<void> {
  const { account } = limits;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const view = await connection.one(sql.type(heardSchema)`
      WITH t AS MATERIALIZED (SELECT clock_timestamp() AS now)
      SELECT now AS "nowMs", ${memoryColumns},
        (SELECT count(*) FROM budget_lease l WHERE l.account = ${account} AND l.counts_until > now) AS "usedLastMinute"
      FROM t LEFT JOIN budget_account a ON a.id = ${account}`);
    const after = hearSignal(view, signal, { limits, grantedAtMs });
    if (after === null || (await remember(connection, account, view.version, after))) return;
  }
}

async function remember(
  connection: CommonQueryMethods,
  account: string,
  version: number,
  after: AccountMemory,
): Promise<boolean> {
  const { rowCount } = await connection.query(sql.unsafe`
    UPDATE budget_account
    SET version = version + 1, blocked_until = ${instant(after.blockedUntilMs)},
      blocked_reason = ${storable(after.blockedReason)}, source_per_minute = ${after.sourcePerMinute},
      source_seen_at = ${instant(after.sourceSeenAtMs)}, eased_to = ${after.easedTo}, eased_from = ${after.easedFrom},
      eased_at = ${instant(after.easedAtMs)}
    WHERE id = ${account} AND version = ${version}`);
  return rowCount > 0;
}
