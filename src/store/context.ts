import { type CommonQueryMethods, createSqlTag } from 'slonik';
import type { Clock, IntentResolver } from '#kit';
import { OutturnError } from '#kit';
import type { MeasurementPartitions } from './partitions.ts';

export const sql = createSqlTag();

/** What every repository works with: a pool, or one transaction's connection. */
export interface StoreContext {
  connection: CommonQueryMethods;
  inTransaction: boolean;
  clock: Clock;
  newId: () => string;
  resolver: IntentResolver;
  partitions: MeasurementPartitions;
  /** W3C `traceparent` of what the caller does, null when nothing is traced. */
  traceParent: () => string | null;
}

/** Runs several statements as one: within the caller's transaction when there is one, else within one of their own. */
export async function atomically<T>(
  context: StoreContext,
  work: (connection: CommonQueryMethods) => Promise<T>,
): Promise<T> {
  if (context.inTransaction) return await work(context.connection);
  return await context.connection.transaction((transaction) => work(transaction));
}

/** For statements whose locks would be gone at once outside a transaction. */
export function requireTransaction(context: StoreContext, what: string): void {
  if (!context.inTransaction) throw new OutturnError('internal', `${what} works only within a transaction`);
}

/** Epoch milliseconds as a timestamptz. */
export function instant(ms: number | null) {
  return sql.fragment`to_timestamp(${ms}::double precision / 1000)`;
}

/** Text as PostgreSQL can hold it: no NUL, no half of a surrogate pair. Sources and error messages may carry both. */
export function storable(text: string): string;
export function storable(text: string | null): string | null;
export function storable(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\0', '\uFFFD').toWellFormed();
}

/** JSON text for a json or jsonb parameter. */
export function json(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, inner: unknown) => (typeof inner === 'string' ? storable(inner) : inner));
}
