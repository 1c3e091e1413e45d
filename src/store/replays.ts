import { z } from 'zod';
import type { ReplayRepository, ReplayScope, StagedRow } from '#kit';
import { instant, json, type StoreContext, sql, storable } from './context.ts';

type Fragment = ReturnType<typeof sql.fragment>;

const changeSchema = z.object({
  what: z.enum(['revision', 'insert', 'vanished']),
  of: z.enum(['sample', 'cost', 'rate']),
  name: z.string(),
  unit: z.string(),
  atMs: z.number(),
  oldValue: z.string().nullable(),
  newValue: z.string().nullable(),
  pullId: z.string(),
  pageHash: z.string(),
});
const countSchema = z.object({ what: z.string(), count: z.number() });
const stagedSampleSchema = z.object({
  key: z.string(),
  labels: z.record(z.string(), z.string()),
  unit: z.string(),
  atMs: z.number(),
  durationMs: z.number(),
  value: z.number().nullable(),
  numerator: z.number().nullable(),
  denominator: z.number().nullable(),
  status: z.enum(['provisional', 'final', 'estimated', 'missing']),
  pullId: z.string(),
  pageHash: z.string(),
});
const stagedRowSchema = z.object({
  position: z.string(),
  kind: z.enum(['cost', 'rate']),
  key: z.string(),
  body: z.custom<StagedRow['body']>((value) => typeof value === 'object' && value !== null),
  pullId: z.string(),
  pageHash: z.string(),
});
const vanishedSchema = z.object({
  labels: z.record(z.string(), z.string()),
  unit: z.string(),
  atMs: z.number(),
  durationMs: z.number(),
  pullId: z.string(),
  pageHash: z.string(),
});

/** Leftovers of replays whose process died. */
const STALE = sql.fragment`interval '1 day'`;

export function createReplayRepository({ connection }: StoreContext): ReplayRepository {
  return {
    async stage(replayId, { samples, others }) {
      const texts = <T>(rows: readonly T[], pick: (row: T) => string | null): Fragment =>
        sql.fragment`${sql.array(rows.map(pick), 'text')}`;
      const numbers = <T>(rows: readonly T[], pick: (row: T) => number | null | undefined): Fragment =>
        sql.fragment`${sql.array(
          rows.map((row) => pick(row) ?? null),
          'float8',
        )}`;
      if (samples.length > 0)
        await connection.query(sql.unsafe`
          INSERT INTO replay_sample (replay_id, unit, labels_hash, at, labels, duration_ms, value, numerator, denominator,
            status, pull_id, page_hash)
          SELECT ${replayId}, unit, md5((labels::jsonb)::text), to_timestamp(at_ms / 1000), labels::jsonb, duration_ms::bigint,
            value, numerator, denominator, status, pull_id, page_hash
          FROM unnest(
            ${texts(samples, (row) => row.unit)}, ${texts(samples, (row) => json(row.labels))},
            ${numbers(samples, (row) => row.atMs)}, ${numbers(samples, (row) => row.durationMs)},
            ${numbers(samples, (row) => row.value)}, ${numbers(samples, (row) => row.numerator)},
            ${numbers(samples, (row) => row.denominator)}, ${texts(samples, (row) => row.status)},
            ${texts(samples, (row) => row.pullId)}, ${texts(samples, (row) => row.pageHash)}
          ) AS i(unit, labels, at_ms, duration_ms, value, numerator, denominator, status, pull_id, page_hash)
          ON CONFLICT DO NOTHING`);
      if (others.length > 0)
        await connection.query(sql.unsafe`
          INSERT INTO replay_row (replay_id, kind, key, body, pull_id, page_hash)
          SELECT ${replayId}, kind, key, body::json, pull_id, page_hash
          FROM unnest(
            ${texts(others, (row) => row.kind)}, ${texts(others, (row) => storable(row.key))},
            ${texts(others, (row) => json(row.body))}, ${texts(others, (row) => row.pullId)},
            ${texts(others, (row) => row.pageHash)}
          ) AS i(kind, key, body, pull_id, page_hash)
          ON CONFLICT DO NOTHING`);
    },

    async stagePage(replayId, { pullId, pageHash }) {
      await connection.query(sql.unsafe`
        INSERT INTO replay_page (replay_id, pull_id, page_hash) VALUES (${replayId}, ${pullId}, ${pageHash})
        ON CONFLICT DO NOTHING`);
    },

    async counts(scope) {
      const rows = await connection.any(sql.type(countSchema)`
        SELECT what, count(*) AS count FROM (${judged(scope)}) AS j GROUP BY what
        UNION ALL SELECT 'vanished', count(*) FROM (${vanishedSamples(scope)}) AS v
        UNION ALL SELECT 'vanished', count(*) FROM (${vanishedCosts(scope)}) AS c`);
      const of = (what: string): number =>
        rows.filter((row) => row.what === what).reduce((sum, row) => sum + row.count, 0);
      return {
        revisions: of('revision'),
        inserts: of('insert'),
        vanished: of('vanished'),
        finalised: of('finalised'),
        unchanged: of('unchanged'),
      };
    },

    async changes(scope, limit) {
      return [
        ...(await connection.any(sql.type(changeSchema)`
          SELECT what, of, name, unit, at AS "atMs", old_value AS "oldValue", new_value AS "newValue", pull_id AS "pullId",
            page_hash AS "pageHash"
          FROM (
            SELECT what, of, name, unit, at, old_value, new_value, pull_id, page_hash FROM (${judged(scope)}) AS j
            WHERE what IN ('revision', 'insert')
            UNION ALL
            SELECT 'vanished', 'sample', labels::text, unit, at, value::text, NULL, pull_id, page_hash
            FROM (${vanishedSamples(scope)}) AS v
            UNION ALL
            SELECT 'vanished', 'cost', source_key, currency, posting_date::timestamp AT TIME ZONE 'UTC', amount::text, NULL,
              pull_id, page_hash
            FROM (${vanishedCosts(scope)}) AS c
          ) AS every
          ORDER BY array_position(ARRAY['revision', 'insert', 'vanished'], what), of DESC, at, name LIMIT ${limit}`)),
      ];
    },

    async differing(scope, { after, limit }) {
      const rows = await connection.any(sql.type(stagedSampleSchema)`
        SELECT key, labels, unit, at AS "atMs", duration_ms AS "durationMs", value, numerator, denominator, status,
          pull_id AS "pullId", page_hash AS "pageHash"
        FROM (${judgedSamples(scope)}) AS j
        WHERE what <> 'unchanged' AND key > ${after ?? ''} COLLATE "C" ORDER BY key COLLATE "C" LIMIT ${limit}`);
      return {
        after: rows.at(-1)?.key ?? null,
        samples: rows.map(({ key: _, numerator, denominator, ...row }) => ({
          ...row,
          ...(numerator === null ? {} : { numerator }),
          ...(denominator === null ? {} : { denominator }),
        })),
      };
    },

    async differingRows(scope, { after, limit }) {
      const rows = await connection.any(sql.type(stagedRowSchema)`
        SELECT r.kind || ' ' || r.key AS position, r.kind, r.key, r.body, r.pull_id AS "pullId", r.page_hash AS "pageHash"
        FROM replay_row r
        JOIN (${judgedCosts(scope)} UNION ALL ${judgedRates(scope)}) AS j
          ON j.of = r.kind AND j.key = r.key AND j.what <> 'unchanged'
        WHERE r.replay_id = ${scope.replayId} AND r.kind || ' ' || r.key > ${after ?? ''} COLLATE "C"
        ORDER BY (r.kind || ' ' || r.key) COLLATE "C" LIMIT ${limit}`);
      return { after: rows.at(-1)?.position ?? null, rows: rows.map(({ position: _, ...row }) => row) };
    },

    async vanished(scope, limit) {
      return [
        ...(await connection.any(sql.type(vanishedSchema)`
          SELECT labels, unit, at AS "atMs", duration_ms AS "durationMs", pull_id AS "pullId", page_hash AS "pageHash"
          FROM (${vanishedSamples(scope)}) AS v ORDER BY unit, labels, at LIMIT ${limit}`)),
      ];
    },

    async clear(replayId) {
      for (const table of ['replay_sample', 'replay_row', 'replay_page'])
        await connection.query(sql.unsafe`
          DELETE FROM ${sql.identifier([table])}
          WHERE replay_id = ${replayId} OR split_part(replay_id, ' ', 1)::timestamptz < clock_timestamp() - ${STALE}`);
    },
  };
}

/** A later pull than the staged one has given what is stored: the older page must not take its place. */
const isOutdated = (stored: Fragment): Fragment => sql.fragment`
  EXISTS (
    SELECT FROM pull newer JOIN pull staged ON staged.id = r.pull_id
    WHERE newer.id = ${stored} AND newer.seq > staged.seq)`;

const ofPull = ({ pullId }: ReplayScope): Fragment =>
  pullId === null ? sql.fragment`true` : sql.fragment`r.pull_id = ${pullId}`;
const within = (at: Fragment, { fromMs, toMs }: ReplayScope): Fragment => sql.fragment`
  ${at} >= coalesce(${instant(fromMs)}, '-infinity') AND ${at} < coalesce(${instant(toMs)}, 'infinity')`;
const midnight = (date: Fragment): Fragment => sql.fragment`(${date}::timestamp AT TIME ZONE 'UTC')`;

/** Staged samples against the newest revision of each, as the ingest judges them. */
const judgedSamples = (scope: ReplayScope): Fragment => sql.fragment`
  SELECT r.unit || ' ' || r.labels_hash || ' ' || to_char(r.at AT TIME ZONE 'UTC', 'YYYYYY-MM-DD HH24:MI:SS.US') AS key,
    'sample' AS of, r.labels::text AS name, r.labels, r.unit, r.at, r.duration_ms, r.value, r.numerator, r.denominator,
    r.status, r.pull_id, r.page_hash, newest.value::text AS old_value, r.value::text AS new_value,
    CASE
      WHEN newest.revision IS NULL THEN 'insert'
      WHEN ${isOutdated(sql.fragment`newest.pull_id`)} THEN 'unchanged'
      WHEN (newest.value, newest.numerator, newest.denominator, newest.duration_ms)
        IS DISTINCT FROM (r.value, r.numerator, r.denominator, r.duration_ms) THEN 'revision'
      WHEN r.status = 'final' AND newest.status = 'provisional' THEN 'finalised'
      WHEN r.status = newest.status OR r.status = 'provisional' AND newest.status = 'final' THEN 'unchanged'
      ELSE 'revision'
    END AS what
  FROM replay_sample r
  LEFT JOIN series s ON s.connector = ${scope.connector} AND s.stream = ${scope.stream} AND s.unit = r.unit
    AND s.labels_hash = r.labels_hash
  LEFT JOIN LATERAL (
    SELECT m.*, CASE WHEN m.finalised_at IS NULL THEN m.status ELSE 'final' END AS known_status
    FROM measurement m WHERE m.series_id = s.id AND m.at = r.at ORDER BY m.revision DESC LIMIT 1
  ) AS latest ON true
  LEFT JOIN LATERAL (
    SELECT latest.revision, latest.value, latest.numerator, latest.denominator, latest.duration_ms, latest.pull_id,
      latest.known_status AS status
  ) AS newest ON true
  WHERE r.replay_id = ${scope.replayId} AND ${ofPull(scope)} AND ${within(sql.fragment`r.at`, scope)}`;

const judgedCosts = (scope: ReplayScope): Fragment => sql.fragment`
  SELECT r.key, 'cost' AS of, r.key AS name, c.currency AS unit, ${midnight(sql.fragment`c."postingDate"`)} AS at, r.pull_id,
    r.page_hash, newest.amount::text AS old_value, c.amount::text AS new_value,
    CASE
      WHEN newest.revision IS NULL THEN 'insert'
      WHEN ${isOutdated(sql.fragment`newest.pull_id`)} THEN 'unchanged'
      WHEN (newest.project_ref, newest.kind, newest.capitalisation, newest.recurrence, newest.pool, newest.amount,
          newest.currency, newest.posting_date, newest.cash_date, newest.document, newest.correction_of, newest.text)
        IS DISTINCT FROM (c."projectRef", c.kind, c.capitalisation, c.recurrence, c.pool, c.amount, c.currency,
          c."postingDate", c."cashDate", c.document, c."correctionOf", c.text) THEN 'revision'
      ELSE 'unchanged'
    END AS what
  FROM replay_row r
  CROSS JOIN LATERAL json_to_record(r.body) AS c("projectRef" text, kind text, capitalisation text, recurrence text,
    pool text, amount numeric, currency text, "postingDate" date, "cashDate" date, document text, "correctionOf" text, text text)
  LEFT JOIN LATERAL (
    SELECT l.* FROM cost_line l
    WHERE l.connector = ${scope.connector} AND l.stream = ${scope.stream} AND l.source_key = r.key
      AND l.recorded_at >= stream_generation_since(${scope.connector}, ${scope.stream}, 'infinity')
    ORDER BY l.revision DESC LIMIT 1
  ) AS newest ON true
  WHERE r.replay_id = ${scope.replayId} AND r.kind = 'cost' AND ${ofPull(scope)}
    AND ${within(midnight(sql.fragment`c."postingDate"`), scope)}`;

const judgedRates = (scope: ReplayScope): Fragment => sql.fragment`
  SELECT r.key, 'rate' AS of, c.base || '/' || c.quote AS name, c.quote AS unit, ${midnight(sql.fragment`c.date`)} AS at,
    r.pull_id, r.page_hash, newest.rate::text AS old_value, c.rate::text AS new_value,
    CASE
      WHEN newest.revision IS NULL THEN 'insert'
      WHEN ${isOutdated(sql.fragment`newest.pull_id`)} THEN 'unchanged'
      WHEN newest.rate <> c.rate THEN 'revision'
      ELSE 'unchanged'
    END AS what
  FROM replay_row r
  CROSS JOIN LATERAL json_to_record(r.body) AS c(base text, quote text, date date, rate numeric)
  LEFT JOIN LATERAL (
    SELECT q.* FROM fx_quote q
    WHERE q.connector = ${scope.connector} AND q.stream = ${scope.stream} AND q.base = c.base AND q.quote = c.quote
      AND q.date = c.date
    ORDER BY q.revision DESC LIMIT 1
  ) AS newest ON true
  WHERE r.replay_id = ${scope.replayId} AND r.kind = 'rate' AND ${ofPull(scope)}
    AND ${within(midnight(sql.fragment`c.date`), scope)}`;

const shown = sql.fragment`what, of, name, unit, at, old_value, new_value, pull_id, page_hash`;
const judged = (scope: ReplayScope): Fragment => sql.fragment`
  SELECT ${shown} FROM (${judgedSamples(scope)}) AS s
  UNION ALL SELECT ${shown} FROM (${judgedCosts(scope)}) AS c
  UNION ALL SELECT ${shown} FROM (${judgedRates(scope)}) AS q`;

const restsOnReadPage = (scope: ReplayScope): Fragment => sql.fragment`
  EXISTS (
    SELECT FROM replay_page r
    WHERE r.replay_id = ${scope.replayId} AND r.pull_id = m.pull_id AND r.page_hash = m.page_hash AND ${ofPull(scope)})`;

/** What counts today, rests on a page that was read again, and is given by none. */
const vanishedSamples = (scope: ReplayScope): Fragment => sql.fragment`
  SELECT s.labels, s.unit, m.at, m.duration_ms, m.value, m.pull_id, m.page_hash
  FROM series s JOIN measurement m ON m.series_id = s.id
  WHERE s.connector = ${scope.connector} AND s.stream = ${scope.stream} AND m.status <> 'missing'
    AND ${within(sql.fragment`m.at`, scope)} AND ${restsOnReadPage(scope)}
    AND NOT EXISTS (
      SELECT FROM measurement newer WHERE newer.series_id = m.series_id AND newer.at = m.at AND newer.revision > m.revision)
    AND NOT EXISTS (
      SELECT FROM replay_sample g
      WHERE g.replay_id = ${scope.replayId} AND g.unit = s.unit AND g.labels_hash = s.labels_hash AND g.at = m.at)`;

const vanishedCosts = (scope: ReplayScope): Fragment => sql.fragment`
  SELECT m.source_key, m.currency, m.posting_date, m.amount, m.pull_id, m.page_hash
  FROM cost_line m
  WHERE m.connector = ${scope.connector} AND m.stream = ${scope.stream}
    AND m.recorded_at >= stream_generation_since(${scope.connector}, ${scope.stream}, 'infinity')
    AND ${within(midnight(sql.fragment`m.posting_date`), scope)} AND ${restsOnReadPage(scope)}
    AND NOT EXISTS (
      SELECT FROM cost_line newer
      WHERE newer.connector = m.connector AND newer.stream = m.stream AND newer.source_key = m.source_key
        AND newer.revision > m.revision)
    AND NOT EXISTS (
      SELECT FROM replay_row g WHERE g.replay_id = ${scope.replayId} AND g.kind = 'cost' AND g.key = m.source_key)`;
