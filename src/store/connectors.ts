import { z } from 'zod';
import type { ConnectorDefinition, ConnectorRepository } from '#kit';
import { atomically, instant, json, requireTransaction, type StoreContext, sql, storable } from './context.ts';
import { lockKey } from './locks.ts';

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const versionSchema = z.object({
  connector: z.string(),
  version: z.number(),
  kind: z.string(),
  definition: z.custom<ConnectorDefinition>(isObject),
  secretsFingerprint: z.string().nullable(),
  isRetired: z.boolean(),
  recordedAtMs: z.number(),
  recordedBy: z.string(),
  reason: z.string().nullable(),
});
const identitySchema = z.object({
  connector: z.string(),
  stream: z.string(),
  generation: z.number(),
  identity: z.string(),
  sinceMs: z.number(),
});
const healthSchema = z
  .object({
    connector: z.string(),
    stream: z.string(),
    id: z.string(),
    state: z.enum(['running', 'succeeded', 'failed']),
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
    startedAtMs: z.number(),
    finishedAtMs: z.number().nullable(),
    successId: z.string().nullable(),
    fromMs: z.number().nullable(),
    toMs: z.number().nullable(),
    rows: z.number().nullable(),
    expected: z.number().nullable(),
    inserted: z.number().nullable(),
    revisions: z.number().nullable(),
    warnings: z.array(z.string()).nullable(),
    succeededAtMs: z.number().nullable(),
    failingSinceMs: z.number().nullable(),
    failures: z.number(),
  })
  .transform((row) => ({
    connector: row.connector,
    stream: row.stream,
    latest: {
      id: row.id,
      state: row.state,
      errorCode: row.errorCode,
      errorMessage: row.errorMessage,
      startedAtMs: row.startedAtMs,
      finishedAtMs: row.finishedAtMs,
    },
    lastSuccess:
      row.successId === null
        ? null
        : {
            id: row.successId,
            fromMs: row.fromMs ?? 0,
            toMs: row.toMs ?? 0,
            rows: row.rows ?? 0,
            expected: row.expected,
            inserted: row.inserted ?? 0,
            revisions: row.revisions ?? 0,
            warnings: row.warnings ?? [],
            finishedAtMs: row.succeededAtMs,
          },
    failingSinceMs: row.failingSinceMs,
    failures: row.failures,
  }));
const checkSchema = z.object({ connector: z.string(), checkedAtMs: z.number(), durationMs: z.number() });
const findingSchema = z.object({
  connector: z.string(),
  level: z.enum(['ok', 'warning', 'error']),
  aspect: z.string(),
  stream: z.string().nullable(),
  message: z.string(),
  hint: z.string().nullable(),
  expiresAtMs: z.number().nullable(),
});
const identityColumns = sql.fragment`connector, stream, generation, identity, since AS "sinceMs"`;

export function createConnectorRepository(context: StoreContext): ConnectorRepository {
  const { connection, clock } = context;
  return {
    async inForce() {
      return [
        ...(await connection.any(sql.type(versionSchema)`
          SELECT DISTINCT ON (connector COLLATE "C") connector, version, kind, definition,
            secrets_fingerprint AS "secretsFingerprint", is_retired AS "isRetired", recorded_at AS "recordedAtMs",
            recorded_by AS "recordedBy", reason
          FROM connector_version ORDER BY connector COLLATE "C", version DESC`)),
      ];
    },

    async record({ connector, kind, definition, secretsFingerprint, isRetired }, { by, reason }) {
      await connection.query(sql.unsafe`
        INSERT INTO connector_version (connector, version, kind, definition, secrets_fingerprint, is_retired, recorded_at,
          recorded_by, reason)
        SELECT ${connector}, coalesce(max(version), 0) + 1, ${kind}, ${json(definition)}::json, ${secretsFingerprint},
          ${isRetired}, ${instant(clock.nowMs())}, ${storable(by)}, ${storable(reason)}
        FROM connector_version WHERE connector = ${connector}`);
    },

    async identities() {
      return [
        ...(await connection.any(sql.type(identitySchema)`
          SELECT DISTINCT ON (connector, stream) ${identityColumns}
          FROM stream_identity ORDER BY connector, stream, generation DESC`)),
      ];
    },

    async identity(connector, stream) {
      return await connection.maybeOne(sql.type(identitySchema)`
        SELECT ${identityColumns} FROM stream_identity
        WHERE connector = ${connector} AND stream = ${stream} ORDER BY generation DESC LIMIT 1`);
    },

    async setIdentity({ connector, stream, identity }) {
      requireTransaction(context, 'setIdentity');
      await lockKey(connection, `pull:${connector}/${stream}`);
      const before = await this.identity(connector, stream);
      if (before?.identity === identity) return false;
      const generation = (before?.generation ?? 0) + 1;
      // Never before the generation that it follows, though a clock be put back.
      const nowMs = Math.max(clock.nowMs(), before?.sinceMs ?? 0);
      await connection.query(sql.unsafe`
        INSERT INTO stream_identity (connector, stream, generation, identity, since)
        VALUES (${connector}, ${stream}, ${generation}, ${identity}, ${instant(nowMs)})`);
      if (before === null) return false;
      // A pull under way asked what counts no more: the row being closed, it cannot store what it got.
      await connection.query(sql.unsafe`
        UPDATE pull SET state = 'failed', error_code = 'queue/interrupted', finished_at = ${instant(clock.nowMs())},
          error_message = 'The stream was defined otherwise while this pull ran; nothing of it was stored.'
        WHERE connector = ${connector} AND stream = ${stream} AND state = 'running'`);
      await connection.query(sql.unsafe`
        UPDATE series SET superseded_stream = stream, superseded_at = ${instant(nowMs)},
          stream = stream || ${`@${before.generation}`}
        WHERE connector = ${connector} AND stream = ${stream}`);
      await connection.query(sql.unsafe`
        DELETE FROM watermark WHERE connector = ${connector} AND stream = ${stream}`);
      return true;
    },

    async health() {
      return [
        ...(await connection.any(sql.type(healthSchema)`
          WITH named AS (SELECT DISTINCT connector, stream FROM pull)
          SELECT n.connector, n.stream, p.id, p.state, p.error_code AS "errorCode", p.error_message AS "errorMessage",
            p.started_at AS "startedAtMs", p.finished_at AS "finishedAtMs",
            s.id AS "successId", s.from_at AS "fromMs", s.to_at AS "toMs", s.rows, s.expected, s.inserted, s.revisions,
            s.warnings, s.finished_at AS "succeededAtMs", f.since AS "failingSinceMs", f.failures
          FROM named n
          CROSS JOIN LATERAL (${livePull(wasNotStopped)}) p
          LEFT JOIN LATERAL (${livePull(sql.fragment`pull.state = 'succeeded'`)}) s ON true
          CROSS JOIN LATERAL (
            SELECT min(pull.started_at) AS since, count(*) AS failures FROM pull
            WHERE pull.connector = n.connector AND pull.stream = n.stream AND pull.state = 'failed'
              AND pull.seq > coalesce(s.seq, 0) AND ${wasNotStopped} AND ${isLive}
          ) f
          ORDER BY n.connector, n.stream`)),
      ];
    },

    saveCheck: ({ connector, checkedAtMs, durationMs, findings }) =>
      atomically(context, async (on) => {
        await on.query(sql.unsafe`
          INSERT INTO connector_check (connector, checked_at, duration_ms)
          VALUES (${connector}, ${instant(checkedAtMs)}, ${Math.round(durationMs)})
          ON CONFLICT (connector) DO UPDATE SET checked_at = excluded.checked_at, duration_ms = excluded.duration_ms`);
        await on.query(sql.unsafe`DELETE FROM connector_finding WHERE connector = ${connector}`);
        for (const [position, finding] of findings.entries())
          await on.query(sql.unsafe`
            INSERT INTO connector_finding (connector, position, stream, level, aspect, message, hint, expires_at)
            VALUES (${connector}, ${position}, ${finding.stream ?? null}, ${finding.level}, ${finding.aspect},
              ${storable(finding.message)}, ${storable(finding.hint ?? null)}, ${instant(finding.expiresAtMs ?? null)})`);
      }),

    async checks() {
      const checks = await connection.any(sql.type(checkSchema)`
        SELECT connector, checked_at AS "checkedAtMs", duration_ms AS "durationMs" FROM connector_check`);
      const findings = await connection.any(sql.type(findingSchema)`
        SELECT connector, stream, level, aspect, message, hint, expires_at AS "expiresAtMs"
        FROM connector_finding ORDER BY connector, position`);
      return checks.map((check) => ({
        ...check,
        findings: findings
          .filter(({ connector }) => connector === check.connector)
          .map(({ level, aspect, stream, message, hint, expiresAtMs }) => ({
            level,
            aspect,
            message,
            stream: stream ?? undefined,
            hint: hint ?? undefined,
            expiresAtMs: expiresAtMs ?? undefined,
          })),
      }));
    },
  };
}

/** A backfill that fails says nothing about the stream's own pulls. */
const isLive = sql.fragment`
  NOT EXISTS (SELECT FROM outbox WHERE outbox.id = pull.job_id AND outbox.kind = 'backfill-chunk')`;

/** Who stops a pull, or the worker that runs it, says nothing about its source. */
const wasNotStopped = sql.fragment`pull.error_code IS DISTINCT FROM 'queue/cancelled'`;

const livePull = (condition: ReturnType<typeof sql.fragment>) => sql.fragment`
  SELECT pull.* FROM pull
  WHERE pull.connector = n.connector AND pull.stream = n.stream AND ${condition} AND ${isLive}
  ORDER BY pull.seq DESC LIMIT 1`;
