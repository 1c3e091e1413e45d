/**
 * Records the queries of a case of a kind that asks PostgreSQL: makes an empty database, runs the setup with the role
 * `outturn_reader`, pulls, and writes `sql.jsonl`.
 *
 *     node --conditions=outturn-source test/contract/connectors/record-sql.ts connectors/sql/testcases/CASE
 */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Client } from 'pg';
import { asOutturnError, RetryableError, type SqlSource } from '#kit';
import { createSqlSource } from '#src/fetch/index';
import { connectorContext } from '../../factories/connector.ts';
import { emptyDatabase } from '../../harness/database.ts';
import { loadCase, loadKinds } from './case.ts';
import { connectorOf } from './connector-config.ts';

const role = 'outturn_reader';
const directory = resolve(process.argv[2] ?? '.');
const folder = basename(dirname(dirname(directory)));
const testCase = loadCase(folder, basename(directory));
const found = (await loadKinds()).find((each) => each.folder === folder);
if (found === undefined) throw new Error(`there is no kind ${folder}`);

const database = await emptyDatabase();
const admin = new Client({ connectionString: database.url });
await admin.connect();
try {
  await admin.query(await readFile(join(dirname(directory), 'setup.sql'), 'utf8'));
  const { hostname, port, pathname } = new URL(database.url);
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'correct horse' VALID UNTIL '2027-01-01T00:00Z';
    GRANT USAGE ON SCHEMA erp TO ${role}; GRANT SELECT ON erp.bookings, tickets, load, reserved TO ${role};`);
  const lines: string[] = [];
  const real = createSqlSource();
  const recorder: SqlSource = {
    async *query(connection, query, signal) {
      const line: Record<string, unknown> = { query: { text: query.text, parameters: query.parameters } };
      const batches: unknown[] = [];
      const there = { ...connection, host: hostname, port: Number(port), database: pathname.slice(1) };
      try {
        for await (const batch of real.query(there, query, signal)) {
          line['fields'] = batch.fields;
          batches.push(batch.rows);
          yield batch;
        }
      } catch (thrown) {
        const error = asOutturnError(thrown);
        // The address of this run says nothing.
        const message = error.message.replace(/^sql: [^ ]+: /, `sql: ${role}@erp-db.example.com:5432/erp: `);
        line['error'] = { code: error.code, message, retryable: error instanceof RetryableError };
        throw thrown;
      } finally {
        lines.push(`${JSON.stringify({ ...line, batches })}\n`);
      }
    },
  };
  const { kind } = found;
  const { definition } = testCase;
  const connector = await connectorOf(kind, testCase, null);
  const [stream] = connector.streams;
  const context = {
    ...connectorContext(connector.options, { sql: recorder, nowMs: () => definition.nowMs }),
    stream: stream?.options,
    streamId: stream?.id ?? '',
    window: { fromMs: definition.window.from, toMs: definition.window.to },
  };
  try {
    if (definition.action === 'discover') await kind.discover(context);
    else if (definition.action === 'check') await kind.check(context).then(() => kind.checkStream(context));
    else
      for await (const page of kind.pull(context)) process.stdout.write(`a page of ${page.body.length} characters\n`);
  } catch (thrown) {
    process.stdout.write(`${asOutturnError(thrown).code}: ${asOutturnError(thrown).message}\n`);
  }
  await writeFile(join(directory, 'sql.jsonl'), lines.join(''));
} finally {
  await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  await admin.end();
  await database.close();
}
