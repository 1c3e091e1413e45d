import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { type NewPage, type PullRepository, RetryableError } from '#kit';
import { atomically, instant, json, type StoreContext, sql, storable } from './context.ts';
import { shareKey } from './locks.ts';
import { createOutboxRepository } from './outbox.ts';
import { PAGE_REMOVAL } from './page-retention.ts';

const pullSchema = z.object({
  id: z.string(),
  jobId: z.string(),
  attempt: z.number(),
  connector: z.string(),
  stream: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  state: z.enum(['running', 'succeeded', 'failed']),
  pages: z.number(),
  rows: z.number(),
  inserted: z.number(),
  revisions: z.number(),
  expected: z.number().nullable(),
  warnings: z.array(z.string()),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  streamVersion: z.string().nullable(),
  kind: z.string().nullable(),
  completeToMs: z.number().nullable(),
  startedAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
});
const pullColumns = sql.fragment`
  id, job_id AS "jobId", attempt, connector, stream, from_at AS "fromMs", to_at AS "toMs", state, pages, rows, inserted,
  revisions, expected, warnings, error_code AS "errorCode", error_message AS "errorMessage",
  stream_version AS "streamVersion", kind, complete_at AS "completeToMs", started_at AS "startedAtMs", finished_at AS "finishedAtMs"`;

const pageSchema = z.object({
  pullId: z.string(),
  seq: z.number(),
  sha256: z.string(),
  bytes: z.number(),
  requestMethod: z.string(),
  requestUrl: z.string(),
  objectKey: z.string(),
  receivedAtMs: z.number(),
  removedAtMs: z.number().nullable(),
});
const pageColumns = sql.fragment`
  pull_id AS "pullId", seq, sha256, bytes, request_method AS "requestMethod", request_url AS "requestUrl",
  object_key AS "objectKey", received_at AS "receivedAtMs", removed_at AS "removedAtMs"`;
const archivedSchema = pageSchema.extend({
  contentType: z.string().nullable(),
  meta: z.record(z.string(), z.unknown()).nullable(),
});
const progressSchema = z.object({
  pages: z.number(),
  rows: z.number(),
  inserted: z.number(),
  revisions: z.number(),
  completeToMs: z.number(),
});

export function createPullRepository(context: StoreContext): PullRepository {
  const { connection, clock } = context;

  async function takeTouched(transaction: CommonQueryMethods, pullIds: readonly string[]): Promise<string[]> {
    const projects = await transaction.anyFirst(sql.type(z.object({ projectId: z.string() }))`
      DELETE FROM pull_recompute WHERE pull_id = ANY(${sql.array([...pullIds], 'text')})
      RETURNING project_id AS "projectId"`);
    return [...new Set(projects)].sort();
  }

  /** Figures must not stay as they were before the rows that the pull did store. */
  async function recomputeTouched(transaction: CommonQueryMethods, pullIds: readonly string[]): Promise<void> {
    const outbox = createOutboxRepository({ ...context, connection: transaction, inTransaction: true });
    for (const project of await takeTouched(transaction, pullIds))
      await outbox.enqueue({
        kind: 'recompute-roi',
        args: { project },
        cause: `pull ${pullIds.join(', ')}, which ended before its time`,
      });
  }

  async function addPages(connection: CommonQueryMethods, pages: readonly NewPage[]): Promise<string[]> {
    if (pages.length === 0) return [];
    await shareKey(connection, PAGE_REMOVAL);
    const column = <T>(pick: (page: (typeof pages)[number]) => T) => pages.map(pick);
    await connection.query(sql.unsafe`
      INSERT INTO pull_page (pull_id, seq, sha256, bytes, request_method, request_url, object_key, content_type, meta, received_at)
      SELECT pull_id, seq, sha256, bytes, request_method, request_url, object_key, content_type, meta::json,
        to_timestamp(received_ms / 1000)
      FROM unnest(
        ${sql.array(
          column(({ pullId }) => pullId),
          'text',
        )},
        ${sql.array(
          column(({ seq }) => seq),
          'int4',
        )},
        ${sql.array(
          column(({ sha256 }) => sha256),
          'text',
        )},
        ${sql.array(
          column(({ bytes }) => bytes),
          'int8',
        )},
        ${sql.array(
          column(({ requestMethod }) => requestMethod),
          'text',
        )},
        ${sql.array(
          column(({ requestUrl }) => storable(requestUrl)),
          'text',
        )},
        ${sql.array(
          column(({ objectKey }) => objectKey),
          'text',
        )},
        ${sql.array(
          column(({ contentType }) => storable(contentType)),
          'text',
        )},
        ${sql.array(
          column(({ meta }) => (meta === null ? null : json(meta))),
          'text',
        )},
        ${sql.array(
          column(({ receivedAtMs }) => receivedAtMs),
          'float8',
        )}
      ) AS i(pull_id, seq, sha256, bytes, request_method, request_url, object_key, content_type, meta, received_ms)`);
    const hashes = sql.array([...new Set(pages.map(({ sha256 }) => sha256))], 'text');
    return [
      ...(await connection.anyFirst(sql.type(z.object({ objectKey: z.string() }))`
        SELECT DISTINCT object_key AS "objectKey" FROM pull_page
        WHERE sha256 = ANY(${hashes}) AND removed_at IS NOT NULL`)),
    ];
  }

  /** A pull that did not end in success withdraws nothing. */
  async function forgetCostKeys(transaction: CommonQueryMethods, pullIds: readonly string[]): Promise<void> {
    await transaction.query(
      sql.unsafe`DELETE FROM pull_cost_key WHERE pull_id = ANY(${sql.array([...pullIds], 'text')})`,
    );
  }

  return {
    async start(row) {
      await atomically(context, async (transaction) => {
        const dead = await transaction.anyFirst(sql.type(z.object({ id: z.string() }))`
          UPDATE pull
          SET state = 'failed', error_code = 'queue/interrupted', finished_at = ${instant(clock.nowMs())},
            error_message = 'The process that ran this pull ended before the pull did; '
              || CASE rows WHEN 0 THEN 'nothing of it was stored.' ELSE 'the ' || rows || ' rows that it had stored stay.' END
          WHERE connector = ${row.connector} AND stream = ${row.stream} AND state = 'running'
            AND (job_id = ${row.jobId}
              OR EXISTS (SELECT FROM outbox WHERE outbox.id = pull.job_id AND outbox.acknowledged_at IS NOT NULL))
          RETURNING id`);
        if (dead.length > 0) {
          await recomputeTouched(transaction, dead);
          await forgetCostKeys(transaction, dead);
        }
        await transaction.query(sql.unsafe`
          INSERT INTO pull (id, job_id, attempt, connector, stream, from_at, to_at, state, stream_version, kind, resume_key,
            started_at)
          VALUES (${row.id}, ${row.jobId}, ${row.attempt}, ${row.connector}, ${row.stream}, ${instant(row.fromMs)},
            ${instant(row.toMs)}, 'running', ${row.streamVersion ?? null}, ${row.kind ?? null}, ${row.resumeKey ?? null},
            ${instant(clock.nowMs())})`);
      });
    },

    addPages: (pages) => addPages(connection, pages),

    async progress(id, facts, projects) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE pull
        SET pages = ${facts.pages}, rows = ${facts.rows}, inserted = ${facts.inserted}, revisions = ${facts.revisions},
          complete_at = ${instant(facts.completeToMs)}
        WHERE id = ${id} AND state = 'running'`);
      if (rowCount === 0) throw closedMeanwhile(id);
      if (projects.length > 0)
        await connection.query(sql.unsafe`
          INSERT INTO pull_recompute (pull_id, project_id)
          SELECT ${id}, unnest(${sql.array([...projects], 'text')}) ON CONFLICT DO NOTHING`);
    },

    async progressOf(resumeKey, streamVersion) {
      return await connection.maybeOne(sql.type(progressSchema)`
        SELECT sum(pages)::float8 AS pages, sum(rows)::float8 AS rows, sum(inserted)::float8 AS inserted,
          sum(revisions)::float8 AS revisions, max(complete_at) AS "completeToMs"
        FROM pull
        WHERE resume_key = ${resumeKey} AND complete_at IS NOT NULL AND state = 'failed'
          AND stream_version = ${streamVersion}
        HAVING count(*) > 0`);
    },

    takeTouched: (id) => takeTouched(connection, [id]),

    async addPage(page) {
      await connection.query(sql.unsafe`
        INSERT INTO pull_page (pull_id, seq, sha256, bytes, request_method, request_url, object_key, received_at)
        VALUES (${page.pullId}, ${page.seq}, ${page.sha256}, ${page.bytes}, ${page.requestMethod},
          ${storable(page.requestUrl)}, ${page.objectKey}, ${instant(page.receivedAtMs)})`);
    },

    async succeed(id, facts) {
      const { rowCount } = await connection.query(sql.unsafe`
        UPDATE pull
        SET state = 'succeeded', pages = ${facts.pages}, rows = ${facts.rows}, inserted = ${facts.inserted},
          revisions = ${facts.revisions}, expected = ${facts.expected}, warnings = ${json(facts.warnings)}::jsonb,
          error_code = NULL, error_message = NULL, finished_at = ${instant(clock.nowMs())}
        WHERE id = ${id} AND state = 'running'`);
      // Within the transaction that stores the rows this is the fence against an attempt that was given up for dead.
      if (rowCount === 0) throw closedMeanwhile(id);
    },

    async fail(id, facts, pages = []) {
      await atomically(context, async (transaction) => {
        const { rowCount } = await transaction.query(sql.unsafe`
          UPDATE pull
          SET state = 'failed', pages = ${facts.pages}, error_code = ${facts.errorCode},
            error_message = ${storable(facts.errorMessage)}, finished_at = ${instant(clock.nowMs())}
          WHERE id = ${id} AND state = 'running'`);
        if (rowCount === 0) return;
        await addPages(transaction, pages);
        await recomputeTouched(transaction, [id]);
        await forgetCostKeys(transaction, [id]);
      });
    },

    async get(id) {
      return await connection.maybeOne(sql.type(pullSchema)`SELECT ${pullColumns} FROM pull WHERE id = ${id}`);
    },

    async latest(connector, stream) {
      return await connection.maybeOne(sql.type(pullSchema)`
        SELECT ${pullColumns} FROM pull
        WHERE connector = ${connector} AND stream = ${stream}
        ORDER BY seq DESC LIMIT 1`);
    },

    async streamVersion(connector, stream) {
      return await connection.maybeOneFirst(sql.type(z.object({ streamVersion: z.string().nullable() }))`
        SELECT stream_version AS "streamVersion" FROM pull
        WHERE connector = ${connector} AND stream = ${stream} AND state = 'succeeded'
        ORDER BY seq DESC LIMIT 1`);
    },

    async list(limit) {
      return [
        ...(await connection.any(sql.type(pullSchema)`
          SELECT ${pullColumns} FROM pull ORDER BY seq DESC LIMIT ${limit}`)),
      ];
    },

    async pages(pullId) {
      return [
        ...(await connection.any(sql.type(pageSchema)`
          SELECT ${pageColumns} FROM pull_page WHERE pull_id = ${pullId} ORDER BY seq`)),
      ];
    },

    async overlapping(connector, stream, { fromMs, toMs }, { beforeId, limit, earlier = false }) {
      const before =
        beforeId === null ? sql.fragment`true` : sql.fragment`seq < (SELECT seq FROM pull WHERE id = ${beforeId})`;
      return [
        ...(await connection.any(sql.type(pullSchema)`
          SELECT ${pullColumns} FROM pull
          WHERE connector = ${connector} AND stream = ${stream} AND state <> 'running'
            AND from_at < ${instant(toMs)} AND to_at > ${instant(fromMs)} AND ${before}
            -- What was asked before the stream asked something else is of other series.
            AND (${earlier} OR started_at >= stream_generation_since(${connector}, ${stream}, 'infinity'))
          ORDER BY pull.seq DESC LIMIT ${limit}`)),
      ];
    },

    async ofEarlierDefinitions(connector, stream, { fromMs, toMs }) {
      return await connection.maybeOne(sql.type(z.object({ pulls: z.number(), sinceMs: z.number() }))`
        SELECT count(*)::float8 AS pulls, stream_generation_since(${connector}, ${stream}, 'infinity') AS "sinceMs"
        FROM pull
        WHERE connector = ${connector} AND stream = ${stream} AND state <> 'running'
          AND from_at < ${instant(toMs)} AND to_at > ${instant(fromMs)}
          AND started_at < stream_generation_since(${connector}, ${stream}, 'infinity')
        HAVING count(*) > 0`);
    },

    async archivedPages(pullId, { beforeSeq, limit }) {
      const before = beforeSeq === null ? sql.fragment`true` : sql.fragment`seq < ${beforeSeq}`;
      return [
        ...(await connection.any(sql.type(archivedSchema)`
          SELECT ${pageColumns}, content_type AS "contentType", meta
          FROM pull_page WHERE pull_id = ${pullId} AND ${before} ORDER BY seq DESC LIMIT ${limit}`)),
      ];
    },
  };
}

const closedMeanwhile = (id: string): RetryableError =>
  new RetryableError('queue/interrupted', `The pull ${id} was closed meanwhile; no more of it is stored`, {
    hint: 'Another attempt reads the same window.',
  });
