import { type Client, type QueryArrayConfig, types } from 'pg';
import {
  RetryableError,
  type SqlBatch,
  type SqlConnection,
  type SqlField,
  type SqlQuery,
  type SqlSource,
  type SqlValue,
} from '#kit';
import { cancellation } from './failures.ts';
import { placeOf, sqlError } from './sql-errors.ts';
import { openSession, type SqlSession } from './sql-session.ts';
import { createSlots } from './sql-slots.ts';

/** A server that answers neither with rows nor by its own time-out is gone: it gets this much more. */
const GRACE_MS = 10_000;
/** How long the server keeps a transaction open while its rows are being worked on here. */
const IDLE_MS = 600_000;

const typeNames = new Map(Object.entries(types.builtins).map(([name, oid]) => [Number(oid), name.toLowerCase()]));
/** Cells stay the text that the server sent: a double cannot hold every numeric. */
const asText = { getTypeParser: () => (cell: unknown) => cell };

/**
 * Foreign PostgreSQL databases, read only. Each query runs by a cursor in a transaction of its own: READ ONLY, REPEATABLE READ,
 * with the server's own time-outs. Certificates are read relative to `baseDirectory`.
 */
export function createSqlSource({ baseDirectory = '.' }: { baseDirectory?: string } = {}): SqlSource {
  const slots = createSlots();
  return {
    async *query(connection, query, signal) {
      const place = placeOf(connection);
      if (signal.aborted) throw cancellation(signal, place);
      const release = await slots.take(place, connection.concurrency, signal);
      try {
        yield* run(connection, query, baseDirectory, signal);
      } catch (thrown) {
        throw signal.aborted ? cancellation(signal, place) : thrown;
      } finally {
        release();
      }
    },
  };
}

async function* run(
  connection: SqlConnection,
  query: SqlQuery,
  baseDirectory: string,
  signal: AbortSignal,
): AsyncGenerator<SqlBatch, void, undefined> {
  let session: SqlSession;
  try {
    session = await openSession(connection, baseDirectory, signal);
  } catch (thrown) {
    throw sqlError(thrown, { connection });
  }
  const answered = <T>(work: Promise<T>): Promise<T> =>
    inTime(work, query.timeoutMs + GRACE_MS, placeOf(connection), signal);
  try {
    await answered(session.client.query(preamble(query)));
    if (query.planOnly === true) {
      yield await answered(ask(session.client, `EXPLAIN ${query.text}`, query.parameters));
      return;
    }
    // A cursor of SQL and not a portal of the protocol: for each FETCH the server's time-out begins anew, while one over a
    // suspended portal counts the time that its rows are worked on here.
    await answered(ask(session.client, `DECLARE outturn NO SCROLL CURSOR FOR ${query.text}`, query.parameters));
    for (let isFirst = true; ; isFirst = false) {
      const batch = await answered(ask(session.client, `FETCH FORWARD ${query.batchRows} FROM outturn`, []));
      // A short batch proves nothing: only an empty one is the end.
      if (batch.rows.length === 0 && !isFirst) return;
      yield batch;
      if (batch.rows.length === 0) return;
    }
  } catch (thrown) {
    if (signal.aborted) await session.cancel();
    throw sqlError(thrown, { connection, query });
  } finally {
    await session.close();
  }
}

/** One simple statement list; nothing in it comes from the query. */
function preamble({ timeoutMs, timeZone = 'UTC' }: SqlQuery): string {
  return [
    'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY',
    'SET LOCAL default_transaction_read_only = on',
    `SET LOCAL statement_timeout = ${Math.max(1, Math.trunc(timeoutMs))}`,
    `SET LOCAL lock_timeout = ${Math.max(1, Math.trunc(timeoutMs))}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${IDLE_MS}`,
    // Else a plan is chosen that is quick with the first tenth of the rows: all are wanted.
    'SET LOCAL cursor_tuple_fraction = 1',
    // Names of the IANA database hold no quote; doubled all the same.
    `SET LOCAL TimeZone = '${timeZone.replaceAll("'", "''")}'`,
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'iso_8601'",
    "SET LOCAL bytea_output = 'hex'",
    'SET LOCAL extra_float_digits = 1',
  ].join('; ');
}

/** By the extended protocol, which takes one statement only and its parameters apart from it. */
async function ask(client: Client, text: string, parameters: readonly SqlValue[]): Promise<SqlBatch> {
  const question: QueryArrayConfig & { queryMode: 'extended' } = {
    text,
    values: [...parameters],
    rowMode: 'array',
    types: asText,
    queryMode: 'extended',
  };
  const { fields, rows } = await client.query<(string | null)[]>(question);
  return { fields: fields.map(({ name, dataTypeID }) => ({ name, type: typeOf(dataTypeID) })), rows };
}

const typeOf = (oid: number): SqlField['type'] => typeNames.get(oid) ?? `oid ${oid}`;

/** Settles at once when `signal` aborts, and at last when the server is silent. */
async function inTime<T>(work: Promise<T>, limitMs: number, place: string, signal: AbortSignal): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const stop = (): void => ended.reject(cancellation(signal, place));
  const timer = setTimeout(() => {
    ended.reject(new RetryableError('source/timeout', `${place}: the server fell silent for ${limitMs / 1000} s`));
  }, limitMs);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    work.catch(() => {});
  }
}
