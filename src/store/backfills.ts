import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { type BackfillRepository, type BackfillRow, RetryableError } from '#kit';
import { atomically, instant, json, requireTransaction, type StoreContext, sql } from './context.ts';
import { readCoverage } from './coverage.ts';
import { idPrefix } from './id-prefix.ts';
import { holdFence } from './job-runs.ts';
import { createOutboxRepository } from './outbox.ts';

const count = z.number();
const chunkSchema = z.object({
  backfillId: z.string(),
  seq: count,
  fromMs: z.number(),
  toMs: z.number(),
  state: z.enum(['waiting', 'queued', 'done', 'failed', 'cancelled']),
  jobId: z.string().nullable(),
  pullId: z.string().nullable(),
  pages: count,
  rows: count,
  inserted: count,
  revisions: count,
  warnings: count,
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  startedAtMs: z.number().nullable(),
  finishedAtMs: z.number().nullable(),
});
const chunkColumns = sql.fragment`
  backfill_id AS "backfillId", seq, from_at AS "fromMs", to_at AS "toMs", state, job_id AS "jobId", pull_id AS "pullId",
  pages, rows, inserted, revisions, warnings, error_code AS "errorCode", error_message AS "errorMessage",
  started_at AS "startedAtMs", finished_at AS "finishedAtMs"`;

const backfillSchema = z
  .object({
    id: z.string(),
    connector: z.string(),
    stream: z.string(),
    fromMs: z.number(),
    toMs: z.number(),
    chunkMs: z.number(),
    state: z.enum(['running', 'done', 'failed', 'cancelled']),
    cause: z.string(),
    createdAtMs: z.number(),
    endedAtMs: z.number().nullable(),
    total: count,
    done: count,
    pages: count,
    rows: count,
    inserted: count,
    revisions: count,
    warnings: count,
    workedMs: z.number(),
    currentSeq: count.nullable(),
    currentFromMs: z.number().nullable(),
    currentToMs: z.number().nullable(),
    currentJobId: z.string().nullable(),
    currentStartedAtMs: z.number().nullable(),
    jobState: z.enum(['pending', 'published', 'running', 'succeeded', 'failed', 'collapsed', 'cancelled']).nullable(),
    attempts: count.nullable(),
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
  })
  .transform(
    ({
      total,
      done,
      currentSeq,
      currentFromMs,
      currentToMs,
      currentJobId,
      currentStartedAtMs,
      jobState,
      attempts,
      errorCode,
      errorMessage,
      ...row
    }): BackfillRow => ({
      ...row,
      chunks: { total, done },
      current:
        currentSeq === null || currentFromMs === null || currentToMs === null || currentJobId === null
          ? null
          : {
              seq: currentSeq,
              fromMs: currentFromMs,
              toMs: currentToMs,
              jobId: currentJobId,
              // The job of an ended chunk may have been cleared away.
              jobState: jobState ?? (row.state === 'cancelled' ? 'cancelled' : 'failed'),
              attempts: attempts ?? 0,
              startedAtMs: currentStartedAtMs,
              errorCode,
              errorMessage,
            },
    }),
  );
const selectBackfills = sql.fragment`
  SELECT b.id, b.connector, b.stream, b.from_at AS "fromMs", b.to_at AS "toMs", b.chunk_ms AS "chunkMs", b.state, b.cause,
    b.created_at AS "createdAtMs", b.ended_at AS "endedAtMs",
    sums.total, sums.done, sums.pages, sums.rows, sums.inserted, sums.revisions, sums.warnings, sums.worked_ms AS "workedMs",
    c.seq AS "currentSeq", c.from_at AS "currentFromMs", c.to_at AS "currentToMs", c.job_id AS "currentJobId",
    c.started_at AS "currentStartedAtMs",
    o.state AS "jobState", o.attempts, coalesce(c.error_code, o.error_code) AS "errorCode",
    coalesce(c.error_message, o.error_message) AS "errorMessage"
  FROM backfill b
  CROSS JOIN LATERAL (
    SELECT count(*) AS total, count(*) FILTER (WHERE state = 'done') AS done, sum(pages)::float8 AS pages,
      sum(rows)::float8 AS rows, sum(inserted)::float8 AS inserted, sum(revisions)::float8 AS revisions,
      sum(warnings)::float8 AS warnings,
      coalesce(sum(extract(epoch FROM finished_at - started_at) * 1000) FILTER (WHERE state = 'done'), 0)::float8 AS worked_ms
    FROM backfill_chunk WHERE backfill_id = b.id
  ) sums
  LEFT JOIN backfill_chunk c ON c.backfill_id = b.id AND c.state IN ('queued', 'failed', 'cancelled')
  LEFT JOIN outbox o ON o.id = c.job_id`;

export function createBackfillRepository(context: StoreContext): BackfillRepository {
  const { connection } = context;
  const now = () => instant(context.clock.nowMs());
  const all = async (where: ReturnType<typeof sql.fragment>, limit: number): Promise<BackfillRow[]> => [
    ...(await connection.any(sql.type(backfillSchema)`
      ${selectBackfills} WHERE ${where} ORDER BY b.seq DESC LIMIT ${limit}`)),
  ];

  async function enqueue(
    transaction: CommonQueryMethods,
    chunk: { id: string; seq: number },
    origin: { cause: string; parentId: string | null },
  ): Promise<void> {
    const outbox = createOutboxRepository({ ...context, connection: transaction, inTransaction: true });
    const args = { backfill: chunk.id, seq: chunk.seq };
    const row = await outbox.enqueue({ kind: 'backfill-chunk', args, ...origin });
    await transaction.query(sql.unsafe`
      UPDATE backfill_chunk SET state = 'queued', job_id = ${row.id}, started_at = NULL, finished_at = NULL,
        error_code = NULL, error_message = NULL
      WHERE backfill_id = ${chunk.id} AND seq = ${chunk.seq}`);
  }

  async function keepProjects(id: string, projects: readonly string[]): Promise<void> {
    for (const project of projects) {
      const args = { project };
      const intent = context.resolver.resolve({ kind: 'recompute-roi', args, cause: `backfill ${id}` });
      await connection.query(sql.unsafe`
        INSERT INTO backfill_recompute (backfill_id, project_id, job_id, kind, version, queue, args, dedupe_key, priority)
        VALUES (${id}, ${project}, ${context.newId()}, 'recompute-roi', ${intent.version}, ${intent.queue},
          ${json(intent.args)}::json, ${intent.dedupeKey}, ${intent.priority})
        ON CONFLICT DO NOTHING`);
    }
  }

  const repository: BackfillRepository = {
    async create({ connector, stream, chunkMs, windows, cause }) {
      const id = context.newId();
      const [first, last] = [windows[0], windows.at(-1)];
      if (first === undefined || last === undefined) throw new RangeError('a backfill has a chunk at least');
      await atomically(context, async (transaction) => {
        await transaction.query(sql.unsafe`
          INSERT INTO backfill (id, connector, stream, from_at, to_at, chunk_ms, cause, created_at)
          VALUES (${id}, ${connector}, ${stream}, ${instant(first.fromMs)}, ${instant(last.toMs)}, ${chunkMs}, ${cause},
            ${now()})`);
        await transaction.query(sql.unsafe`
          INSERT INTO backfill_chunk (backfill_id, seq, from_at, to_at)
          SELECT ${id}, seq, to_timestamp(from_ms / 1000), to_timestamp(to_ms / 1000)
          FROM unnest(
            ${sql.array(
              windows.map(({ fromMs }) => fromMs),
              'float8',
            )},
            ${sql.array(
              windows.map(({ toMs }) => toMs),
              'float8',
            )}
          ) WITH ORDINALITY AS i(from_ms, to_ms, seq)`);
        await enqueue(transaction, { id, seq: 1 }, { cause, parentId: null });
      });
      return await required(repository.get(id));
    },

    async begin(id, seq, jobId) {
      const chunk = await connection.maybeOne(sql.type(chunkSchema)`
        UPDATE backfill_chunk SET started_at = ${now()}
        WHERE backfill_id = ${id} AND seq = ${seq} AND job_id = ${jobId} AND state = 'queued'
        RETURNING ${chunkColumns}`);
      if (chunk === null) return null;
      const { connector, stream, chunks } = await required(repository.get(id));
      return { chunk, connector, stream, chunks };
    },

    async touch(fence, id, projects) {
      requireTransaction(context, 'touching projects');
      // As in finishChunk: the fence before the backfill.
      await holdFence(context, fence);
      await keepProjects(id, projects);
    },

    async finishChunk(fence, { id, seq, pullId, projects, ...facts }) {
      requireTransaction(context, 'finishing a chunk');
      // Whoever ends the job otherwise holds its fence before it reaches the backfill: in another order they would wait for each other.
      await holdFence(context, fence);
      const cause = `backfill ${id}`;
      await connection.query(sql.unsafe`SELECT FROM backfill WHERE id = ${id} FOR UPDATE`);
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE backfill_chunk
        SET state = 'done', pull_id = ${pullId}, pages = ${facts.pages}, rows = ${facts.rows}, inserted = ${facts.inserted},
          revisions = ${facts.revisions}, warnings = ${facts.warnings}, finished_at = ${now()}
        WHERE backfill_id = ${id} AND seq = ${seq} AND job_id = ${fence.jobId} AND state = 'queued'`);
      if (rowCount === 0)
        throw new RetryableError(
          'queue/interrupted',
          `Chunk ${seq} of the backfill ${id} was ended or taken over meanwhile: nothing of this run is stored.`,
          { hint: `See \`outturn backfill show ${id.slice(0, 8)}\`.` },
        );
      await keepProjects(id, projects);
      const next = await connection.maybeOneFirst(sql.type(z.object({ seq: count }))`
        SELECT seq FROM backfill_chunk WHERE backfill_id = ${id} AND state <> 'done' ORDER BY seq LIMIT 1`);
      if (next !== null) return await enqueue(connection, { id, seq: next }, { cause, parentId: fence.jobId });
      await connection.query(sql.unsafe`
        SELECT end_backfill(${id}, 'done', ${now()}, ${fence.jobId}, ${context.traceParent()})`);
    },

    async cancel(id) {
      return await atomically(context, async (transaction) => {
        const outbox = createOutboxRepository({ ...context, connection: transaction, inTransaction: true });
        for (let hasTried = false; ; hasTried = true) {
          const jobId = await transaction.maybeOneFirst(sql.type(z.object({ jobId: z.string() }))`
            SELECT job_id AS "jobId" FROM backfill_chunk WHERE backfill_id = ${id} AND state = 'queued'`);
          if (jobId === null) return hasTried;
          // It may have to wait for a chunk that is just being stored; then the next one's job is to be cancelled as well.
          await outbox.cancel(jobId);
        }
      });
    },

    async resume(id, cause) {
      const stopped = (await repository.get(id))?.current;
      // The same job once more: its dead letter is settled with it.
      if (stopped?.jobState === 'failed' && (await createOutboxRepository(context).replay(stopped.jobId))) return true;
      return await atomically(context, async (transaction) => {
        const { rowCount } = await transaction.query(sql.unsafe`
          SELECT FROM backfill WHERE id = ${id} AND state IN ('failed', 'cancelled') FOR UPDATE`);
        if (rowCount === 0) return false;
        const next = await transaction.oneFirst(sql.type(z.object({ seq: count }))`
          SELECT seq FROM backfill_chunk WHERE backfill_id = ${id} AND state <> 'done' ORDER BY seq LIMIT 1`);
        await transaction.query(sql.unsafe`
          UPDATE backfill SET state = 'running', ended_at = NULL WHERE id = ${id}`);
        await enqueue(transaction, { id, seq: next }, { cause, parentId: null });
        return true;
      });
    },

    async get(id) {
      return await connection.maybeOne(sql.type(backfillSchema)`${selectBackfills} WHERE b.id = ${id}`);
    },

    async find(text, limit) {
      const pattern = idPrefix(text);
      return pattern === null ? [] : await all(sql.fragment`b.id LIKE ${pattern}`, limit);
    },

    async list({ state, connector, stream, limit }) {
      const conditions = [
        state === undefined ? sql.fragment`true` : sql.fragment`b.state = ${state}`,
        connector === undefined ? sql.fragment`true` : sql.fragment`b.connector = ${connector}`,
        stream === undefined ? sql.fragment`true` : sql.fragment`b.stream = ${stream}`,
      ];
      return await all(sql.fragment`${sql.join(conditions, sql.fragment` AND `)}`, limit);
    },

    async chunks(id) {
      return [
        ...(await connection.any(sql.type(chunkSchema)`
          SELECT ${chunkColumns} FROM backfill_chunk WHERE backfill_id = ${id} ORDER BY seq`)),
      ];
    },

    async overlapping(connector, stream, { fromMs, toMs }) {
      return await all(
        sql.fragment`b.connector = ${connector} AND b.stream = ${stream} AND b.state = 'running'
          AND b.from_at < ${instant(toMs)} AND b.to_at > ${instant(fromMs)}`,
        100,
      );
    },

    coverage: (connector, stream, windows) => readCoverage(connection, { connector, stream }, windows),
  };
  return repository;
}

async function required<T>(read: Promise<T | null>): Promise<T> {
  const row = await read;
  if (row === null) throw new RangeError('a row that was just written is gone');
  return row;
}
