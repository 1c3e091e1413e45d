import { createPgDriverFactory } from '@slonik/pg-driver';
import {
  createDateTypeParser,
  createPool,
  createTimestampWithTimeZoneTypeParser,
  type DatabasePool,
  type DriverTypeParser,
  type Interceptor,
} from 'slonik';
import { OutturnError } from '#kit';
import { storeError } from './failures.ts';

const statementTimeoutMs = 60_000;
/** A host that refuses answers at once; this is for one that is silent, or busy. */
const connectionTimeoutMs = 15_000;
const maxConnections = 10;

/** Rows are checked against the schema that stands beside each query, so that a drifted column fails where it is read. */
const checkRows: Interceptor = {
  name: 'check rows',
  transformRow(context, query, row) {
    if (context.resultParser === undefined) return row;
    const checked = context.resultParser['~standard'].validate(row);
    if (checked instanceof Promise) throw new TypeError('row schemas are synchronous');
    if (checked.issues !== undefined) {
      // The library's own error names no column, and carries the row.
      const issues = checked.issues.map((issue) => `${issue.path?.map(String).join('.') ?? ''}: ${issue.message}`);
      throw new OutturnError('internal', `a row of the database is not as expected: ${issues.join('; ')}`);
    }
    return checked.value as typeof row;
  },
};

/** Counts, sizes and durations: all far below 2^53. Ids are read as text. */
const countParser: DriverTypeParser = { name: 'int8', parse: (value) => Number(value) };

/** numeric stays text (money is never a float), timestamptz becomes epoch milliseconds, date stays `YYYY-MM-DD`. */
export async function openPool(url: string, applicationName: string): Promise<DatabasePool> {
  try {
    return await createPool(dsnOf(url, applicationName), {
      driverFactory: createPgDriverFactory(),
      connectionTimeout: connectionTimeoutMs,
      connectionRetryLimit: 2,
      statementTimeout: statementTimeoutMs,
      idleInTransactionSessionTimeout: 120_000,
      idleTimeout: 30_000,
      maxPoolSize: maxConnections,
      queryRetryLimit: 5,
      transactionRetryLimit: 5,
      interceptors: [checkRows],
      typeParsers: [countParser, createDateTypeParser(), createTimestampWithTimeZoneTypeParser()],
    });
  } catch (error) {
    throw storeError(error, url);
  }
}

/** libpq's words for TLS. slonik knows `require` alone and takes it as pg takes them all: certificate and name are verified. */
const VERIFYING_SSL_MODES = new Set(['prefer', 'verify-ca', 'verify-full']);

function dsnOf(url: string, applicationName: string): string {
  const dsn = new URL(url);
  dsn.searchParams.set('application_name', applicationName);
  if (VERIFYING_SSL_MODES.has(dsn.searchParams.get('sslmode') ?? '')) dsn.searchParams.set('sslmode', 'require');
  return dsn.href;
}
