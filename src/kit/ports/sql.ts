export type SqlValue = string | number | bigint | boolean | null | Date;
export interface SqlQuery {
  text: string;
  /** Bound by the server (`$1` …), never pasted into the text. */
  parameters: readonly SqlValue[];
  /** The server ends the statement then. */
  timeoutMs: number;
  /** Rows of one batch. */
  batchRows: number;
  /** Of the session: in it instants are cast to dates and local times. Absent: UTC. */
  timeZone?: string | undefined;
  /** The rows are the server's plan (EXPLAIN) in place of the answer: names, types and privileges are checked, nothing is run. */
  planOnly?: boolean | undefined;
}
export interface SqlField {
  name: string;
  /** The server's name of the type, such as `numeric` or `timestamptz`. */
  type: string;
}
export interface SqlBatch {
  fields: SqlField[];
  /** Cells as the server's text, null for NULL: no digit is lost. */
  rows: (string | null)[][];
}
/** A foreign database, read only: each query runs in a read-only transaction of its own, by a cursor. */
export interface SqlSource {
  /** In order, until the last row; a query without rows gives one empty batch. Throws `source/…`; ends when `signal` aborts. */
  query(connection: SqlConnection, query: SqlQuery, signal: AbortSignal): AsyncIterable<SqlBatch>;
}
export interface SqlConnection {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  /** `require`: encrypted, whoever answers; `verify-full`: with a certificate of the host's name from a known CA. Files are PEM. */
  tls: {
    mode: 'disable' | 'require' | 'verify-full';
    caFile: string | null;
    certFile: string | null;
    keyFile: string | null;
  };
  connectTimeoutMs: number;
  /** Queries that this process runs there at once; the others wait. */
  concurrency: number;
}
