import { isDeepStrictEqual } from 'node:util';
import { PermanentError, RetryableError, type SqlSource } from '#kit';
import type { ScriptedQuery } from './case.ts';

/** A database that answers the n-th query with the n-th line of `sql.jsonl`; another query than that is refused. */
export function scriptedSql(script: readonly ScriptedQuery[]): SqlSource {
  let asked = 0;
  return {
    async *query(_connection, { text, parameters }) {
      const line = script[asked];
      asked += 1;
      const plain: unknown = JSON.parse(
        JSON.stringify(parameters, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
      );
      const wanted = line?.query.text;
      const isText =
        wanted === undefined ||
        (typeof wanted === 'string' ? wanted === text : new RegExp(wanted.matches, 's').test(text));
      const isBound = line?.query.parameters === undefined || isDeepStrictEqual(line.query.parameters, plain);
      if (line === undefined || !isText || !isBound)
        throw new Error(
          `query ${asked}: expected ${JSON.stringify(line?.query ?? null)}, got ${JSON.stringify({ text, parameters: plain })}`,
        );
      for (const rows of line.batches) yield { fields: line.fields, rows };
      if (line.error === undefined) return;
      const { code, message, retryable } = line.error;
      throw retryable ? new RetryableError(code, message) : new PermanentError(code, message);
    },
  };
}
