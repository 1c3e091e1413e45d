import { type AnyConnectorKind, type AuthConfig, type ConnectorConfig, type HttpSettings, parseDurationMs } from '#kit';
import type { TestCase } from './case.ts';

/** Keys of `connectors.<id>` that belong to every kind; the rest are the kind's own options. */
const COMMON_KEYS = new Set(
  'kind url auth timeout maxResponse budget tls proxy headers since lookback finalAfter schedule streams allowPrivateRedirects'.split(
    ' ',
  ),
);
const COMMON_STREAM_KEYS = new Set(['since', 'lookback', 'finalAfter', 'schedule']);

/** A case's connector as the fetch layer and the kind see it. `overrides` replace http settings for the faults. */
export function connectorOf(
  kind: AnyConnectorKind,
  testCase: TestCase,
  url: string | null,
  overrides: Partial<HttpSettings> = {},
): ConnectorConfig {
  const { connector, env, urlPath } = testCase.definition;
  const written = resolveEnv(connector, env) as typeof connector;
  const own = (fields: Record<string, unknown>, common: ReadonlySet<string>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).filter(([key]) => !common.has(key)));
  return {
    id: testCase.name,
    kind: kind.kind,
    http: {
      url: url === null ? null : url + urlPath,
      auth: { kind: 'none', ...(written['auth'] as object | undefined) } as AuthConfig,
      timeoutMs: parseDurationMs(String(written['timeout'] ?? '30s')) ?? 30_000,
      maxResponseBytes: 32 * 1024 ** 2,
      requestsPerMinute: null,
      concurrency: 2,
      tls: { caFile: null, rejectUnauthorized: true },
      proxy: null,
      allowPrivateRedirects: false,
      headers: (written['headers'] as Record<string, string> | undefined) ?? {},
      ...overrides,
    },
    options: kind.options.parse(own(written, COMMON_KEYS)),
    streams: Object.entries(written.streams).map(([id, stream]) => ({
      id,
      options: kind.stream.parse(own(stream, COMMON_STREAM_KEYS)),
      sinceMs: { kind: 'ago', durationMs: 0 },
      lookbackMs: 0,
      finalAfterMs: 0,
    })),
  };
}

function resolveEnv(value: unknown, env: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string')
    return value.replace(/\$\{env:(\w+)\}/g, (_, name: string) => {
      const found = env[name];
      if (found === undefined) throw new Error(`the case's env lacks ${name}`);
      return found;
    });
  if (Array.isArray(value)) return value.map((item) => resolveEnv(item, env));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveEnv(item, env)]));
  return value;
}
