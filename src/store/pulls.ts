import { z } from 'zod';
import { type PullRepository, RetryableError } from '#kit';
import { atomically, instant, json, type StoreContext, sql, storable } from './context.ts';

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
  startedAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
});
const pullColumns = sql.fragment`
  id, job_id AS "jobId", attempt, connector, stream, from_at AS "fromMs", to_at AS "toMs", state, pages, rows, inserted,
  revisions, expected, warnings, error_code AS "errorCode", error_message AS "errorMessage",
  stream_version AS "streamVersion",  started_at AS "startedAtMs", finished_at AS "finishedAtMs"`;

const pageSchema = z.object({
  pullId: z.string(),
  seq: z.number(),
  sha256: z.string(),
  bytes: z.number(),
  requestMethod: z.string(),
  requestUrl: z.string(),
  objectKey: z.string(),
  receivedAtMs: z.number(),
});

export function createPullRepository(context: StoreContext): PullRepository {
  const { connection, clock } = context;
  return {
    async start(row) {
      await atomically(context, async (transaction) => {
        await transaction.query(sql.unsafe`
          UPDATE pull
          SET state = 'failed', error_code = 'queue/interrupted', finished_at = ${instant(clock.nowMs())},
            error_message = 'The process that ran this pull ended before the pull did; nothing of it was stored.'
          WHERE connector = ${row.connector} AND stream = ${row.stream} AND state = 'running'
            AND (job_id = ${row.jobId}
              OR EXISTS (SELECT FROM outbox WHERE outbox.id = pull.job_id AND outbox.acknowledged_at IS NOT NULL))`);
        await transaction.query(sql.unsafe`
          INSERT INTO pull (id, job_id, attempt, connector, stream, from_at, to_at, state, stream_version, started_at)
          VALUES (${row.id}, ${row.jobId}, ${row.attempt}, ${row.connector}, ${row.stream}, ${instant(row.fromMs)},
            ${instant(row.toMs)}, 'running', ${row.streamVersion ?? null}, ${instant(clock.nowMs())})`);
      });
    },

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
      if (rowCount === 0)
        throw new RetryableError('queue/interrupted', `The pull ${id} was closed meanwhile; nothing of it is stored`, {
          hint: 'Another attempt reads the same window.',
        });
    },

    async fail(id, facts) {
      await connection.query(sql.unsafe`
        UPDATE pull
        SET state = 'failed', pages = ${facts.pages}, error_code = ${facts.errorCode},
          error_message = ${storable(facts.errorMessage)}, finished_at = ${instant(clock.nowMs())}
        WHERE id = ${id} AND state = 'running'`);
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
          SELECT pull_id AS "pullId", seq, sha256, bytes, request_method AS "requestMethod", request_url AS "requestUrl",
            object_key AS "objectKey", received_at AS "receivedAtMs"
          FROM pull_page WHERE pull_id = ${pullId} ORDER BY seq`)),
      ];
    },
  };
}
