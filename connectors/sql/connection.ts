import type { SqlConnection, SqlQuery } from '#kit';
import { readDsn } from './dsn.ts';
import type { SqlOptions, SqlStream } from './options.ts';

/** The database of a connector, from its fields or from its `dsn`. */
export function connectionOf(options: SqlOptions): SqlConnection {
  const limits = { connectTimeoutMs: options.connectTimeout, concurrency: options.concurrency };
  if (options.dsn !== undefined) return { ...readDsn(options.dsn), ...limits };
  const { host = '', port = 5432, database = '', user = '', password = '', tls } = options;
  return {
    host,
    port,
    database,
    user,
    password,
    tls: {
      mode: tls?.mode ?? 'verify-full',
      caFile: tls?.caFile ?? null,
      certFile: tls?.certFile ?? null,
      keyFile: tls?.keyFile ?? null,
    },
    ...limits,
  };
}

/** Where the source is, for people and evidence; never the password. */
export function addressOf(options: SqlOptions): string {
  const { host, port, database, user } = connectionOf(options);
  const at = host.includes(':') ? `[${host}]` : host.startsWith('/') ? encodeURIComponent(host) : host;
  return `postgresql://${encodeURIComponent(user)}@${at}:${port}/${encodeURIComponent(database)}`;
}

/** The zone of the rows' days; the session works in it, so that `:from::date` is the day there. */
export function zoneOf({ measurements, costs }: SqlStream): string {
  return measurements?.timeZone ?? costs?.timeZone ?? 'UTC';
}

/** What a query of the connector's own (for check and discover) is bound to. */
export function ownQuery(text: string, parameters: SqlQuery['parameters'] = []): SqlQuery {
  return { text, parameters, timeoutMs: 30_000, batchRows: 2_000 };
}
