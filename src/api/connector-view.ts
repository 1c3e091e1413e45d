import { type ConnectorHealth, lastSuccesses } from '#kit';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** How a connector does, as the API and `--json` show it. */
export const connectorView = (connector: ConnectorHealth) => ({
  id: connector.id,
  kind: connector.kind,
  state: connector.state,
  needsAPerson: connector.needsAPerson,
  unreadable:
    connector.unreadable === null
      ? null
      : {
          code: connector.unreadable.code,
          message: connector.unreadable.message,
          hint: connector.unreadable.hint ?? null,
        },
  // The newest of its streams; those that never succeeded are named beside it.
  lastSuccessAt: iso(lastSuccesses(connector.streams).newestMs),
  neverSucceeded: lastSuccesses(connector.streams).never,
  checkedAt: iso(connector.checkedAtMs),
  findings: connector.findings.map(({ expiresAtMs, ...finding }) => ({
    ...finding,
    expiresAt: iso(expiresAtMs ?? null),
  })),
  expiresAt: iso(connector.expiresAtMs),
  budget:
    connector.budget === null
      ? null
      : {
          account: connector.budget.account,
          usedRatio: connector.budget.usedRatio,
          blockedUntil: iso(connector.budget.blockedUntilMs),
        },
  streams: connector.streams.map((stream) => ({
    id: stream.id,
    state: stream.state,
    watermark: iso(stream.watermarkMs),
    lagMs: stream.lagMs,
    allowedLagMs: stream.allowedLagMs,
    lastSuccessAt: iso(stream.lastSuccessAtMs),
    failingSince: iso(stream.failingSinceMs),
    failures: stream.failures,
    completeness: stream.completeness,
    lastError:
      stream.lastError === null
        ? null
        : { code: stream.lastError.code, message: stream.lastError.message, at: iso(stream.lastError.atMs) },
    warnings: stream.warnings,
    schedule: stream.schedule,
    nextFireAt: iso(stream.nextFireAtMs),
  })),
});
