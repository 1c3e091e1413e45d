import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { changedFxCurrencies, type FxRate } from '#domain';
import type { ChangedCurrency, FxRepository, FxTableVersion, IngestQuote } from '#kit';
import { atomically, instant, json, type StoreContext, sql } from './context.ts';
import { lockKey } from './locks.ts';

const batchRows = 5_000;

const quoteShape = { source: z.string(), base: z.string(), quote: z.string(), date: z.string(), rate: z.string() };
const quoteSchema = z.object(quoteShape);
const storedSchema = z.object({
  ...quoteShape,
  connector: z.string(),
  stream: z.string(),
  revision: z.number(),
  pullId: z.string().nullable(),
  pageHash: z.string().nullable(),
  recordedAtMs: z.number(),
});
const coverageSchema = z.object({
  source: z.string(),
  base: z.string(),
  quote: z.string(),
  first: z.string(),
  last: z.string(),
  count: z.number(),
});
const writtenSchema = z.object({
  base: z.string(),
  quote: z.string(),
  first: z.string(),
  last: z.string(),
  inserted: z.number(),
  revised: z.number(),
});
const versionSchema = z.object({
  version: z.number(),
  rates: z.custom<FxRate[]>((value) => Array.isArray(value)),
  appliedBy: z.string(),
  recordedAtMs: z.number(),
});
const costCurrencySchema = z.object({
  connector: z.string(),
  stream: z.string(),
  projectRef: z.string(),
  currency: z.string(),
  firstPostedOn: z.string(),
});

const known = (ms: number | undefined) => (ms === undefined ? sql.fragment`'infinity'::timestamptz` : instant(ms));

export function createFxRepository(context: StoreContext): FxRepository {
  const versionAt = (connection: CommonQueryMethods, knownAtMs?: number): Promise<FxTableVersion | null> =>
    connection.maybeOne(sql.type(versionSchema)`
      SELECT version, rates, applied_by AS "appliedBy", recorded_at AS "recordedAtMs"
      FROM fx_table WHERE recorded_at <= ${known(knownAtMs)}
      ORDER BY version DESC LIMIT 1`);

  return {
    /** A pair and date that repeats within a call counts as it stands last. */
    async ingest(input) {
      const latest = [...new Map(input.rows.map((row) => [`${row.base} ${row.quote} ${row.date}`, row])).values()];
      if (latest.length === 0) return { inserted: 0, revisions: 0, unchanged: 0, changed: [] };
      return await atomically(context, async (connection) => {
        await lockKey(connection, `ingest ${input.connector} ${input.stream}`);
        const nowMs = context.clock.nowMs();
        const changed = new Map<string, ChangedCurrency>();
        let inserted = 0;
        let revisions = 0;
        for (let at = 0; at < latest.length; at += batchRows)
          for (const row of await writeBatch(connection, latest.slice(at, at + batchRows), { ...input, nowMs })) {
            inserted += row.inserted;
            revisions += row.revised;
            note(changed, row.quote, row);
            if (row.base !== 'EUR') note(changed, row.base, row);
          }
        const unchanged = latest.length - inserted - revisions;
        return { inserted, revisions, unchanged, changed: [...changed.values()].sort(byCurrency) };
      });
    },

    async read({ currencies, from, to, knownAtMs }) {
      if (currencies.length === 0) return [];
      const wanted = sql.array([...currencies], 'text');
      const rows = await context.connection.any(sql.type(quoteSchema)`
        SELECT q.connector || '/' || q.stream AS source, q.base, q.quote, q.date, q.rate
        FROM fx_quote q
        WHERE (q.quote = ANY(${wanted}) OR q.quote = 'EUR' AND q.base = ANY(${wanted}))
          AND q.date >= ${from}::date AND q.date < ${to}::date
          AND q.recorded_at <= ${known(knownAtMs)}
          AND NOT EXISTS (
            SELECT FROM fx_quote newer
            WHERE newer.connector = q.connector AND newer.stream = q.stream AND newer.base = q.base
              AND newer.quote = q.quote AND newer.date = q.date
              AND newer.revision > q.revision AND newer.recorded_at <= ${known(knownAtMs)}
          )
        ORDER BY q.connector COLLATE "C", q.stream COLLATE "C", q.base, q.quote, q.date`);
      return [...rows];
    },

    async find({ base, quote, date, source }, { knownAtMs } = {}) {
      return await context.connection.maybeOne(sql.type(storedSchema)`
        SELECT connector || '/' || stream AS source, base, quote, date, rate, connector, stream, revision,
          pull_id AS "pullId", page_hash AS "pageHash", recorded_at AS "recordedAtMs"
        FROM fx_quote
        WHERE connector || '/' || stream = ${source} AND base = ${base} AND quote = ${quote} AND date = ${date}::date
          AND recorded_at <= ${known(knownAtMs)}
        ORDER BY revision DESC LIMIT 1`);
    },

    async coverage() {
      const rows = await context.connection.any(sql.type(coverageSchema)`
        SELECT connector || '/' || stream AS source, base, quote, min(date) AS first, max(date) AS last,
          count(*)::integer AS count
        FROM fx_quote WHERE revision = 1
        GROUP BY connector, stream, base, quote
        ORDER BY connector COLLATE "C", stream COLLATE "C", base, quote`);
      return [...rows];
    },

    async applyConfigured(rates, { by }) {
      return await atomically(context, async (connection) => {
        await lockKey(connection, 'fx table');
        const before = await versionAt(connection);
        const currencies = changedFxCurrencies(before?.rates ?? [], rates);
        if (currencies.length === 0) return { version: before?.version ?? 0, changed: false, currencies };
        const version = (before?.version ?? 0) + 1;
        await connection.query(sql.unsafe`
          INSERT INTO fx_table (version, rates, applied_by, recorded_at)
          VALUES (${version}, ${json(rates)}::json, ${by}, ${instant(context.clock.nowMs())})`);
        return { version, changed: true, currencies };
      });
    },

    async configuredAt(knownAtMs) {
      return (await versionAt(context.connection, knownAtMs))?.rates ?? [];
    },

    async configuredVersionAt(knownAtMs) {
      return await versionAt(context.connection, knownAtMs);
    },

    async costCurrencies() {
      const rows = await context.connection.any(sql.type(costCurrencySchema)`
        SELECT connector, stream, project_ref AS "projectRef", currency, min(posting_date) AS "firstPostedOn"
        FROM cost_line GROUP BY connector, stream, project_ref, currency
        ORDER BY connector, stream, project_ref, currency`);
      return [...rows];
    },
  };
}

const byCurrency = (a: ChangedCurrency, b: ChangedCurrency): number => (a.currency < b.currency ? -1 : 1);

function note(changed: Map<string, ChangedCurrency>, currency: string, row: { first: string; last: string }): void {
  const before = changed.get(currency);
  changed.set(currency, {
    currency,
    first: before !== undefined && before.first < row.first ? before.first : row.first,
    last: before !== undefined && before.last > row.last ? before.last : row.last,
  });
}

/** What was written of each pair. */
async function writeBatch(
  connection: CommonQueryMethods,
  batch: readonly IngestQuote[],
  input: { connector: string; stream: string; pullId: string; observedAtMs: number; nowMs: number },
): Promise<readonly z.output<typeof writtenSchema>[]> {
  const texts = (pick: (row: IngestQuote) => string | null) => sql.array(batch.map(pick), 'text');
  return await connection.any(sql.type(writtenSchema)`
    WITH input AS MATERIALIZED (
      SELECT base, quote, date::date AS date, rate::numeric AS rate, page_hash
      FROM unnest(
        ${texts((row) => row.base)}, ${texts((row) => row.quote)}, ${texts((row) => row.date)},
        ${texts((row) => row.rate)}, ${texts((row) => row.pageHash)}
      ) AS i(base, quote, date, rate, page_hash)
    ), judged AS MATERIALIZED (
      SELECT i.*, newest.revision AS newest_revision
      FROM input i
      LEFT JOIN LATERAL (
        SELECT q.* FROM fx_quote q
        WHERE q.connector = ${input.connector} AND q.stream = ${input.stream}
          AND q.base = i.base AND q.quote = i.quote AND q.date = i.date
        ORDER BY q.revision DESC
        LIMIT 1
      ) AS newest ON true
      WHERE newest.revision IS NULL
        -- A time to come is of a clock that was wrong: it must not keep corrections out for ever.
        OR (newest.observed_at <= ${instant(input.observedAtMs)} OR newest.observed_at > ${instant(input.nowMs)})
        AND newest.rate <> i.rate
    ), written AS (
      INSERT INTO fx_quote (connector, stream, base, quote, date, revision, rate, pull_id, page_hash, observed_at, recorded_at)
      SELECT ${input.connector}, ${input.stream}, base, quote, date, coalesce(newest_revision, 0) + 1, rate,
        ${input.pullId}, page_hash, ${instant(input.observedAtMs)}, ${instant(input.nowMs)}
      FROM judged
    )
    SELECT base, quote, min(date) AS first, max(date) AS last,
      count(*) FILTER (WHERE newest_revision IS NULL)::integer AS inserted,
      count(newest_revision)::integer AS revised
    FROM judged GROUP BY base, quote`);
}
