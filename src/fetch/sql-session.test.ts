import { expect, it, vi } from 'vitest';
import { asOutturnError, type SqlConnection } from '#kit';
import { createSqlSource } from './index.ts';

// A resolver that never answers.
vi.mock('node:dns/promises', () => ({ lookup: () => new Promise(() => {}) }));

const connection: SqlConnection = {
  host: 'database.example.com',
  port: 5432,
  database: 'erp',
  user: 'reader',
  password: '',
  tls: { mode: 'disable', caFile: null, certFile: null, keyFile: null },
  connectTimeoutMs: 60_000,
  concurrency: 1,
};
const asked = async (changes: Partial<SqlConnection>, signal: AbortSignal): Promise<unknown> => {
  const query = { text: 'SELECT 1', parameters: [], timeoutMs: 1_000, batchRows: 1 };
  const batches = createSqlSource().query({ ...connection, ...changes }, query, signal);
  return await batches[Symbol.asyncIterator]().next().catch(asOutturnError);
};

it('a name that nobody looks up is given up after the time for connecting, and at once when cancelled', async () => {
  const cancel = new AbortController();
  const work = asked({}, cancel.signal);
  cancel.abort();
  expect(await work).toMatchObject({ code: 'queue/cancelled' });
  expect(await asked({ connectTimeoutMs: 20 }, new AbortController().signal)).toMatchObject({ code: 'source/timeout' });
});
