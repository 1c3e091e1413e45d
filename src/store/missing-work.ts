import { z } from 'zod';
import type { MissingWork, MissingWorkKind, MissingWorkOptions, MissingWorkRepository } from '#kit';
import { instant, type StoreContext, sql } from './context.ts';

const missingSchema = z
  .object({
    about: z.record(z.string(), z.string()),
    sinceMs: z.number(),
    count: z.number(),
    lastId: z.string().nullable(),
    lastState: z.string().nullable(),
    lastCode: z.string().nullable(),
  })
  .transform(({ lastId, lastState, lastCode, ...row }) => ({
    ...row,
    lastJob: lastId === null ? null : { id: lastId, state: lastState ?? '', errorCode: lastCode },
  }));

/** Equal work by the key that its kind gives it (jobs/<kind>.ts): the newest job, whatever became of it. */
const newestJob = (kind: string, key: ReturnType<typeof sql.fragment>) => sql.fragment`
  LEFT JOIN LATERAL (
    SELECT id, state, error_code, cause FROM outbox WHERE outbox.kind = ${kind} AND outbox.dedupe_key = ${key}
    ORDER BY seq DESC LIMIT 1
  ) AS last ON true`;
const noOpenJob = (kind: string, key: ReturnType<typeof sql.fragment>) => sql.fragment`
  NOT EXISTS (
    SELECT FROM outbox open WHERE open.kind = ${kind} AND open.dedupe_key = ${key} AND open.acknowledged_at IS NULL)`;
const lastColumns = sql.fragment`last.id AS "lastId", last.state AS "lastState", last.error_code AS "lastCode"`;
const noLast = sql.fragment`NULL::text AS "lastId", NULL::text AS "lastState", NULL::text AS "lastCode"`;

/**
 * Each look is one statement over rows that indexes find, so that every worker may look each minute. One statement sees one
 * instant: work that is done while it runs is not taken for a hole.
 */
export function createMissingWorkRepository({ connection, clock }: StoreContext): MissingWorkRepository {
  return {
    async find(options) {
      const found: MissingWork[] = [];
      for (const [kind, query] of Object.entries(queries(options, clock.nowMs())) as [MissingWorkKind, Query][])
        found.push(...(await connection.any(query)).map((row) => ({ kind, ...row })));
      return found;
    },
  };
}

type Query = ReturnType<typeof recompute>;

function queries(
  options: MissingWorkOptions,
  nowMs: number,
): Record<Exclude<MissingWorkKind, 'fire' | 'queued-job'>, Query> {
  const before = instant(nowMs - options.graceMs);
  const after = instant(nowMs - options.horizonMs);
  const limit = sql.fragment`LIMIT ${options.limit}`;
  return {
    recompute: recompute(before, limit),
    'fired-job': firedJob(before, after, limit),
    deliveries: deliveries(before, after, limit),
    delivery: delivery(before, limit),
    report: report(before, after, limit),
    pull: pull(before, limit),
    publication: publication(before),
  };
}

type Fragment = ReturnType<typeof sql.fragment>;

/** While a backfill touches a project its recompute waits for the backfill's end, by design. */
const recompute = (before: Fragment, limit: Fragment) => sql.type(missingSchema)`
  SELECT json_build_object('project', d.project_id) AS about, d.since AS "sinceMs", d.periods AS count, ${lastColumns}
  FROM (
    SELECT project_id, min(marked_at) AS since, max(marked_at) AS until, count(*) AS periods
    FROM dirty_period GROUP BY project_id
  ) AS d
  JOIN project p ON p.id = d.project_id AND p.retired_at IS NULL
  ${newestJob('recompute-roi', sql.fragment`d.project_id`)}
  WHERE d.until < ${before} AND ${noOpenJob('recompute-roi', sql.fragment`d.project_id`)}
    AND NOT EXISTS (
      SELECT FROM backfill_recompute r JOIN backfill b ON b.id = r.backfill_id
      WHERE r.project_id = d.project_id AND b.state = 'running')
  ORDER BY d.since ${limit}`;

const firedJob = (before: Fragment, after: Fragment, limit: Fragment) => sql.type(missingSchema)`
  SELECT json_build_object('schedule', f.schedule, 'slot', f.slot) AS about, f.slot_at AS "sinceMs", 1 AS count, ${noLast}
  FROM fire f
  WHERE f.outcome <> 'skipped' AND f.fired_at BETWEEN ${after} AND ${before}
    AND NOT EXISTS (SELECT FROM outbox o WHERE o.id = f.job_id)
  ORDER BY f.slot_at ${limit}`;

const deliveries = (before: Fragment, after: Fragment, limit: Fragment) => sql.type(missingSchema)`
  SELECT json_build_object('digestId', d.id, 'subscription', d.subscription, 'slot', d.slot, 'test', d.test::text) AS about,
    d.created_at AS "sinceMs", 1 AS count, ${noLast}
  FROM digest d
  WHERE d.created_at BETWEEN ${after} AND ${before} AND NOT EXISTS (SELECT FROM delivery WHERE digest_id = d.id)
  ORDER BY d.created_at ${limit}`;

/** A message whose job was cancelled is not wanted. */
const delivery = (before: Fragment, limit: Fragment) => sql.type(missingSchema)`
  SELECT json_build_object('deliveryId', d.id, 'channel', d.channel, 'address', d.address, 'subscription', d.subscription,
      'slot', d.slot, 'state', d.state) AS about,
    d.updated_at AS "sinceMs", 1 AS count, ${lastColumns}
  FROM delivery d
  ${newestJob('deliver-message', sql.fragment`d.id`)}
  WHERE d.state IN ('pending', 'sending') AND d.updated_at < ${before}
    AND ${noOpenJob('deliver-message', sql.fragment`d.id`)} AND last.state IS DISTINCT FROM 'cancelled'
  ORDER BY d.updated_at ${limit}`;

const report = (before: Fragment, after: Fragment, limit: Fragment) => sql.type(missingSchema)`
  SELECT json_build_object('project', s.project_id, 'snapshotId', s.id, 'asOf', s.as_of::text) AS about,
    s.created_at AS "sinceMs", 1 AS count, ${lastColumns}
  FROM roi_snapshot s
  ${newestJob('build-report', sql.fragment`s.project_id || '/' || s.id`)}
  WHERE s.created_at BETWEEN ${after} AND ${before}
    AND (SELECT count(*) FROM report r WHERE r.snapshot_id = s.id) < 2
    AND ${noOpenJob('build-report', sql.fragment`s.project_id || '/' || s.id`)}
    AND last.state IS DISTINCT FROM 'cancelled'
  ORDER BY s.created_at ${limit}`;

const pull = (before: Fragment, limit: Fragment) => sql.type(missingSchema)`
  SELECT json_build_object('pullId', p.id, 'connector', p.connector, 'stream', p.stream) AS about,
    p.started_at AS "sinceMs", 1 AS count, o.id AS "lastId", o.state AS "lastState", o.error_code AS "lastCode"
  FROM pull p LEFT JOIN outbox o ON o.id = p.job_id
  WHERE p.state = 'running' AND p.started_at < ${before} AND (o.id IS NULL OR o.acknowledged_at < ${before})
  ORDER BY p.started_at ${limit}`;

/** All together: one relay publishes them all, or none does. */
const publication = (before: Fragment) => sql.type(missingSchema)`
  SELECT json_build_object('jobId', (array_agg(id ORDER BY seq))[1], 'kind', (array_agg(kind ORDER BY seq))[1]) AS about,
    min(greatest(created_at, coalesce(not_before, created_at))) AS "sinceMs", count(*) AS count, ${noLast}
  FROM outbox
  WHERE state = 'pending' AND greatest(created_at, coalesce(not_before, created_at)) < ${before}
  HAVING count(*) > 0`;
