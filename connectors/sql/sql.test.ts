import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSqlSource } from '#src/fetch/index';
import { connectorContext } from '../../test/factories/connector.ts';
import { emptyDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { sql } from './index.ts';

const role = `checked_${process.pid}_${Math.trunc(performance.timeOrigin)}`;
const nowMs = Date.now();
let database: TestDatabase;
let admin: Client;
beforeAll(async () => {
  database = await emptyDatabase();
  admin = new Client({ connectionString: database.url });
  await admin.connect();
  await admin.query(`CREATE TABLE hours (day date, team text, hours numeric); CREATE TABLE pay (id int);
    INSERT INTO hours VALUES (current_date - 3, 'a', 7.5);
    CREATE ROLE ${role} LOGIN PASSWORD 'pw' VALID UNTIL '2999-01-01T00:00Z'; GRANT SELECT ON hours TO ${role};`);
});
afterAll(async () => {
  await admin?.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  await admin?.end();
  await database?.close();
});

function contextOf(query: string) {
  const { hostname, port, pathname } = new URL(database.url);
  const dsn = `postgresql://${role}:pw@${hostname}:${port}${pathname}?sslmode=disable`;
  const measurements = {
    at: 'day',
    covers: '1d',
    value: 'hours',
    unit: 'h',
    labels: ['team'],
    timeZone: 'Europe/Berlin',
  };
  const options = sql.options.parse({ dsn });
  return {
    ...connectorContext(options, { sql: createSqlSource(), nowMs: () => nowMs }),
    stream: sql.stream.parse({ query, measurements }),
    streamId: 'hours',
  };
}
const HOURS = 'SELECT day, team, hours FROM hours WHERE day >= :from::date AND day <= :to::date';

it('check says that it gets in, for how long, how safely, and that the role may only read', async () => {
  expect(await sql.check(contextOf(HOURS))).toMatchObject([
    { level: 'ok', aspect: 'connectivity', message: expect.stringContaining('PostgreSQL 1') },
    { level: 'warning', aspect: 'tls', message: 'the connection is not encrypted' },
    { level: 'ok', aspect: 'credentials', expiresAtMs: Date.parse('2999-01-01T00:00Z') },
    { level: 'ok', aspect: 'clock' },
  ]);
  await admin.query(`GRANT INSERT ON pay TO ${role}`);
  const findings = await sql.check({ ...contextOf(HOURS), nowMs: () => nowMs + 3_600_000 });
  expect(findings.slice(3)).toMatchObject([
    { level: 'warning', aspect: 'clock', message: expect.stringContaining('behind ours') },
    { level: 'warning', aspect: 'permission', message: 'the role may also write to 1 table' },
  ]);
});

it('check plans the query and shows one row; a missing grant or column is named', async () => {
  expect(await sql.checkStream(contextOf(HOURS))).toMatchObject([
    { level: 'ok', aspect: 'permission' },
    { level: 'ok', aspect: 'sample', message: expect.stringMatching(/^row 1: \d{4}-.* 7\.5 h$/) },
  ]);
  expect(await sql.checkStream(contextOf('SELECT id AS day FROM pay'))).toMatchObject([
    { level: 'error', aspect: 'permission', hint: expect.stringContaining('GRANT SELECT ON "pay"') },
  ]);
  expect(await sql.checkStream(contextOf('SELECT day, team, hours AS h FROM hours'))).toMatchObject([
    { level: 'ok' },
    { level: 'error', aspect: 'sample', message: 'the query gives no column "hours"' },
  ]);
});
