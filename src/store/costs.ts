import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { CostRepository, IngestCost } from '#kit';
import { atomically, instant, type StoreContext, sql, storable } from './context.ts';
import { lockKey } from './locks.ts';

const batchRows = 2_000;

const costSchema = z.object({
  id: z.string(),
  connector: z.string(),
  stream: z.string(),
  revision: z.number(),
  sourceKey: z.string(),
  projectRef: z.string(),
  kind: z.enum(['budget', 'commitment', 'accrual', 'actual', 'forecast']),
  capitalisation: z.enum(['capex', 'opex']),
  recurrence: z.enum(['one-off', 'run']),
  pool: z.string().nullable(),
  amount: z.string(),
  currency: z.string(),
  postingDate: z.string(),
  cashDate: z.string().nullable(),
  document: z.string().nullable(),
  correctionOf: z.string().nullable(),
  text: z.string().nullable(),
  pullId: z.string().nullable(),
  pageHash: z.string().nullable(),
  recordedAtMs: z.number(),
});

const writtenSchema = z.object({
  revision: z.number(),
  projectRef: z.string(),
  previousProjectRef: z.string().nullable(),
});

const withdrawnSchema = z.object({ sourceKey: z.string(), projectRef: z.string() });

export function createCostRepository(context: StoreContext): CostRepository {
  return {
    /**
     * A source key that repeats within a call counts as it stands last. A line that moves to another project names both.
     * Of two pulls that overlapped, what was asked for later counts, also when the other one is stored last.
     */
    async ingest(input) {
      const latest = [...new Map(input.rows.map((row) => [row.sourceKey, row])).values()];
      if (latest.length === 0) return { inserted: 0, revisions: 0, unchanged: 0, projectRefs: [] };
      return await atomically(context, async (connection) => {
        await lockKey(connection, `ingest ${input.connector} ${input.stream}`);
        const nowMs = context.clock.nowMs();
        const projectRefs = new Set<string>();
        let inserted = 0;
        let revisions = 0;
        for (let at = 0; at < latest.length; at += batchRows) {
          const written = await writeBatch(connection, latest.slice(at, at + batchRows), { ...input, nowMs });
          for (const row of written) {
            if (row.revision === 1) inserted += 1;
            else revisions += 1;
            projectRefs.add(row.projectRef);
            if (row.previousProjectRef !== null) projectRefs.add(row.previousProjectRef);
          }
        }
        const unchanged = latest.length - inserted - revisions;
        return { inserted, revisions, unchanged, projectRefs: [...projectRefs].sort() };
      });
    },

    async noteCame(pullId, sourceKeys) {
      await context.connection.query(sql.unsafe`
        INSERT INTO pull_cost_key (pull_id, source_key)
        SELECT ${pullId}, key
        FROM unnest(${sql.array(
          sourceKeys.map((key) => storable(key)),
          'text',
        )}) AS i(key)
        ON CONFLICT DO NOTHING`);
    },

    async withdraw({ connector, stream, pullId, observedAtMs, prefixes }) {
      return await atomically(context, async (connection) => {
        await lockKey(connection, `ingest ${connector} ${stream}`);
        const nowMs = context.clock.nowMs();
        const since = new Date(observedAtMs).toISOString().slice(0, 10);
        const withdrawn = await connection.any(sql.type(withdrawnSchema)`
          INSERT INTO cost_line (connector, stream, source_key, revision, project_ref, kind, capitalisation, recurrence, pool,
            amount, currency, posting_date, cash_date, document, correction_of, text, pull_id, page_hash, observed_at, recorded_at)
          SELECT c.connector, c.stream, c.source_key, c.revision + 1, c.project_ref, c.kind, c.capitalisation, c.recurrence,
            c.pool, 0, c.currency, c.posting_date, c.cash_date, c.document, c.correction_of,
            concat_ws('; ', c.text, ${`withdrawn by the source: not in what was read on ${since}`}::text), ${pullId}, NULL,
            ${instant(observedAtMs)}, ${instant(nowMs)}
          FROM cost_line c
          WHERE c.connector = ${connector} AND c.stream = ${stream} AND c.amount <> 0
            AND EXISTS (
              SELECT FROM unnest(${sql.array(
                prefixes.map((prefix) => storable(prefix)),
                'text',
              )}) AS p(prefix)
              WHERE starts_with(c.source_key, p.prefix))
            AND c.recorded_at >= stream_generation_since(${connector}, ${stream}, 'infinity')
            AND (c.observed_at <= ${instant(observedAtMs)} OR c.observed_at > ${instant(nowMs)})
            AND NOT EXISTS (
              SELECT FROM cost_line newer
              WHERE newer.connector = c.connector AND newer.stream = c.stream AND newer.source_key = c.source_key
                AND newer.revision > c.revision)
            AND NOT EXISTS (SELECT FROM pull_cost_key k WHERE k.pull_id = ${pullId} AND k.source_key = c.source_key)
          RETURNING source_key AS "sourceKey", project_ref AS "projectRef"`);
        await connection.query(sql.unsafe`DELETE FROM pull_cost_key WHERE pull_id = ${pullId}`);
        return {
          revisions: withdrawn.length,
          projectRefs: [...new Set(withdrawn.map(({ projectRef }) => projectRef))].sort(),
          first: withdrawn[0]?.sourceKey ?? null,
        };
      });
    },

    async read({ connector, stream, projectRef, from, to, knownAtMs }) {
      const known = knownAtMs === undefined ? sql.fragment`'infinity'::timestamptz` : instant(knownAtMs);
      const rows = await context.connection.any(sql.type(costSchema)`
        SELECT c.id::text, c.connector, c.stream, c.revision, c.source_key AS "sourceKey", c.project_ref AS "projectRef",
          c.kind, c.capitalisation, c.recurrence, c.pool, c.amount, c.currency, c.posting_date AS "postingDate",
          c.cash_date AS "cashDate", c.document, c.correction_of AS "correctionOf", c.text, c.pull_id AS "pullId",
          c.page_hash AS "pageHash", c.recorded_at AS "recordedAtMs"
        FROM cost_line c
        WHERE c.connector = ${connector} AND c.stream = ${stream} AND c.project_ref = ${projectRef}
          AND c.posting_date >= ${from ?? null}::date IS NOT FALSE
          AND c.posting_date < ${to ?? null}::date IS NOT FALSE
          AND c.recorded_at <= ${known} AND c.recorded_at >= stream_generation_since(c.connector, c.stream, ${known})
          AND NOT EXISTS (
            SELECT FROM cost_line newer
            WHERE newer.connector = c.connector AND newer.stream = c.stream AND newer.source_key = c.source_key
              AND newer.revision > c.revision AND newer.recorded_at <= ${known}
          )
        ORDER BY c.posting_date, c.source_key`);
      return [...rows];
    },
  };
}

async function writeBatch(
  connection: CommonQueryMethods,
  batch: readonly IngestCost[],
  input: { connector: string; stream: string; pullId: string; observedAtMs: number; nowMs: number },
): Promise<readonly z.output<typeof writtenSchema>[]> {
  const texts = (pick: (row: IngestCost) => string | null) =>
    sql.array(
      batch.map((row) => storable(pick(row))),
      'text',
    );
  return await connection.any(sql.type(writtenSchema)`
    WITH input AS MATERIALIZED (
      SELECT source_key, project_ref, kind, capitalisation, recurrence, pool, amount::numeric AS amount, currency,
        posting_date::date AS posting_date, cash_date::date AS cash_date, document, correction_of, text, page_hash
      FROM unnest(
        ${texts((row) => row.sourceKey)}, ${texts((row) => row.projectRef)}, ${texts((row) => row.kind)},
        ${texts((row) => row.capitalisation)}, ${texts((row) => row.recurrence)}, ${texts((row) => row.pool)},
        ${texts((row) => row.amount)}, ${texts((row) => row.currency)}, ${texts((row) => row.postingDate)},
        ${texts((row) => row.cashDate)}, ${texts((row) => row.document)}, ${texts((row) => row.correctionOf)},
        ${texts((row) => row.text)}, ${texts((row) => row.pageHash)}
      ) AS i(source_key, project_ref, kind, capitalisation, recurrence, pool, amount, currency, posting_date, cash_date,
        document, correction_of, text, page_hash)
    ), judged AS MATERIALIZED (
      SELECT i.*, newest.revision AS newest_revision, newest.project_ref AS previous_project_ref
      FROM input i
      LEFT JOIN LATERAL (
        SELECT c.* FROM cost_line c
        WHERE c.connector = ${input.connector} AND c.stream = ${input.stream} AND c.source_key = i.source_key
        ORDER BY c.revision DESC
        LIMIT 1
      ) AS newest ON true
      WHERE newest.revision IS NULL
        -- Of an earlier generation of the stream: it counts no more, so the same line is written anew.
        OR newest.recorded_at < stream_generation_since(${input.connector}, ${input.stream}, 'infinity')
        -- A time to come is of a clock that was wrong: it must not keep corrections out for ever.
        OR (newest.observed_at <= ${instant(input.observedAtMs)} OR newest.observed_at > ${instant(input.nowMs)})
        AND (newest.project_ref, newest.kind, newest.capitalisation, newest.recurrence, newest.pool, newest.amount,
            newest.currency, newest.posting_date, newest.cash_date, newest.document, newest.correction_of, newest.text)
          IS DISTINCT FROM
          (i.project_ref, i.kind, i.capitalisation, i.recurrence, i.pool, i.amount,
            i.currency, i.posting_date, i.cash_date, i.document, i.correction_of, i.text)
    ), written AS (
      INSERT INTO cost_line (connector, stream, source_key, revision, project_ref, kind, capitalisation, recurrence, pool,
        amount, currency, posting_date, cash_date, document, correction_of, text, pull_id, page_hash, observed_at, recorded_at)
      SELECT ${input.connector}, ${input.stream}, source_key, coalesce(newest_revision, 0) + 1, project_ref, kind,
        capitalisation, recurrence, pool, amount, currency, posting_date, cash_date, document, correction_of, text,
        ${input.pullId}, page_hash, ${instant(input.observedAtMs)}, ${instant(input.nowMs)}
      FROM judged
    )
    SELECT coalesce(newest_revision, 0) + 1 AS revision, project_ref AS "projectRef",
      previous_project_ref AS "previousProjectRef"
    FROM judged`);
}
