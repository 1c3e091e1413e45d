import { createServer, type Server, type Socket } from 'node:net';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  asOutturnError,
  type OutturnError,
  PermanentError,
  RetryableError,
  type SqlConnection,
  type SqlQuery,
} from '#kit';
import { emptyDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { pollUntil } from '../../test/harness/poll.ts';
import { createSqlSource } from './index.ts';

let database: TestDatabase;
let admin: Client;
let connection: SqlConnection;
const role = `reader_${process.pid}_${Math.trunc(performance.timeOrigin)}`;

beforeAll(async () => {
  database = await emptyDatabase();
  admin = new Client({ connectionString: database.url });
  await admin.connect();
  await admin.query(`
    CREATE SCHEMA erp; CREATE SCHEMA hidden;
    CREATE TABLE erp.bookings (id int PRIMARY KEY, posted date, amount numeric);
    INSERT INTO erp.bookings VALUES (1, '2026-03-29', 12345678901234567890.123456789), (2, '2026-03-30', -0.10);
    CREATE TABLE erp.salaries (id int); CREATE TABLE erp."Order" (salaries int); CREATE TABLE hidden.things (id int);
    CREATE ROLE ${role} LOGIN PASSWORD 'it''s a secret' CONNECTION LIMIT 5;
    GRANT USAGE ON SCHEMA erp TO ${role}; GRANT SELECT ON erp.bookings TO ${role};`);
  const { hostname, port, pathname } = new URL(database.url);
  connection = {
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    user: role,
    password: "it's a secret",
    tls: { mode: 'disable', caFile: null, certFile: null, keyFile: null },
    connectTimeoutMs: 5_000,
    concurrency: 2,
  };
});
afterAll(async () => {
  await admin?.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  await admin?.end();
  await database?.close();
});

const query = (text: string, changes: Partial<SqlQuery> = {}): SqlQuery => ({
  text,
  parameters: [],
  timeoutMs: 10_000,
  batchRows: 1_000,
  ...changes,
});
async function rowsOf(
  asked: SqlQuery,
  at: SqlConnection = connection,
  signal = new AbortController().signal,
): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  for await (const batch of createSqlSource().query(at, asked, signal)) rows.push(...batch.rows);
  return rows;
}
const failure = (asked: SqlQuery, changes: Partial<SqlConnection> = {}): Promise<OutturnError> =>
  rowsOf(asked, { ...connection, ...changes }).then(() => expect.fail('an error was expected'), asOutturnError);
/** Queries of the role that the server is at work on. */
const running = async (): Promise<number> => {
  const { rows } = await admin.query<{ count: string }>(
    "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND state = 'active'",
    [role],
  );
  return Number(rows[0]?.count);
};
const sessions = async (): Promise<number> => {
  const { rows } = await admin.query<{ count: string }>('SELECT count(*) FROM pg_stat_activity WHERE usename = $1', [
    role,
  ]);
  return Number(rows[0]?.count);
};
const noSessions = () => pollUntil('no session is left', async () => (await sessions()) === 0, { timeoutMs: 5_000 });
afterEach(() => noSessions());

describe('a foreign PostgreSQL database', () => {
  it('gives every cell as the text of the server, so that no digit is lost', async () => {
    const batches = [];
    const asked = query('SELECT * FROM erp.bookings ORDER BY id');
    for await (const batch of createSqlSource().query(connection, asked, new AbortController().signal))
      batches.push(batch);
    expect(batches).toEqual([
      {
        fields: [
          { name: 'id', type: 'int4' },
          { name: 'posted', type: 'date' },
          { name: 'amount', type: 'numeric' },
        ],
        rows: [
          ['1', '2026-03-29', '12345678901234567890.123456789'],
          ['2', '2026-03-30', '-0.10'],
        ],
      },
    ]);
  });

  it('says NaN, Infinity and NULL apart, and times in the zone that was asked for, when the clocks change too', async () => {
    const text = `SELECT 'NaN'::numeric, 'Infinity'::numeric, '-Infinity'::float8, 0.1::float8, NULL::text, '2026-10-25T00:30Z'::timestamptz,
      '2026-10-25T01:30Z'::timestamptz, '2026-10-24T22:30Z'::timestamptz::date, 'P1DT2H'::interval, '\\x00ff'::bytea`;
    expect(await rowsOf(query(text, { timeZone: 'Europe/Berlin' }))).toEqual([
      [
        'NaN',
        'Infinity',
        '-Infinity',
        '0.1',
        null,
        '2026-10-25 02:30:00+02',
        '2026-10-25 02:30:00+01',
        '2026-10-25',
        'P1DT2H',
        '\\x00ff',
      ],
    ]);
    expect(await rowsOf(query("SELECT '2026-10-25T00:30Z'::timestamptz"))).toEqual([['2026-10-25 00:30:00+00']]);
  });

  it('comes in batches until the last row; a query without rows says its columns', async () => {
    const sizes: number[] = [];
    const source = createSqlSource();
    const { signal } = new AbortController();
    for await (const { rows } of source.query(connection, query('SELECT generate_series(1, 2500)'), signal))
      sizes.push(rows.length);
    expect(sizes).toEqual([1000, 1000, 500]);
    const none = [];
    for await (const batch of source.query(connection, query('SELECT 1 AS one WHERE false'), signal)) none.push(batch);
    expect(none).toEqual([{ fields: [{ name: 'one', type: 'int4' }], rows: [] }]);
  });

  it('holds no more than a batch of a million rows in memory', async () => {
    const text = "SELECT n, repeat('x', 200) FROM generate_series(1, 1000000) AS n";
    const source = createSqlSource();
    let rows = 0;
    let sum = 0;
    let mostHeap = 0;
    const before = process.memoryUsage().heapUsed;
    for await (const batch of source.query(
      connection,
      query(text, { timeoutMs: 120_000, batchRows: 5_000 }),
      new AbortController().signal,
    )) {
      rows += batch.rows.length;
      for (const [n] of batch.rows) sum += Number(n);
      mostHeap = Math.max(mostHeap, process.memoryUsage().heapUsed - before);
    }
    expect([rows, sum]).toEqual([1_000_000, 500_000_500_000]);
    // All rows at once take more than 300 MB.
    expect(mostHeap).toBeLessThan(150 * 1024 * 1024);
  }, 120_000);

  it('binds parameters: what looks like SQL in them is only text', async () => {
    const attack = "1'; DROP TABLE erp.bookings; --";
    expect(await rowsOf(query('SELECT $1::text', { parameters: [attack] }))).toEqual([[attack]]);
    expect((await failure(query('SELECT * FROM erp.bookings WHERE id = $1', { parameters: [attack] }))).code).toBe(
      'source/bad-request',
    );
    expect(await rowsOf(query('SELECT count(*) FROM erp.bookings'))).toEqual([['2']]);
  });

  it.each([
    ['several statements', 'SELECT 1; DELETE FROM erp.bookings'],
    ['a writing WITH', 'WITH gone AS (DELETE FROM erp.bookings RETURNING id) SELECT * FROM gone'],
    ['a table', 'CREATE TABLE erp.own (id int)'],
    ['making the transaction writable', "SELECT set_config('transaction_read_only', 'off', false)"],
    ['a sequence', "SELECT nextval('erp.numbers')"],
    ['a file of the server', "SELECT lo_import('/etc/passwd')"],
    ['a commit', 'COMMIT'],
  ])('refuses %s, even to who may write', async (_, text) => {
    await admin.query('CREATE SEQUENCE IF NOT EXISTS erp.numbers');
    const { username, password } = new URL(database.url);
    const owner = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
    const error = await failure(query(text), owner);
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.code).toBe('source/bad-request');
    expect(await rowsOf(query('SELECT count(*) FROM erp.bookings'))).toEqual([['2']]);
  });

  it('tells a wrong password, database, table, column and a missing grant apart, and never repeats the password', async () => {
    const asked = query('SELECT 1');
    const wrong = await failure(asked, { password: 'hunter2-not-it' });
    expect(wrong.code).toBe('source/unauthorised');
    expect(wrong.message).toContain(`${role}@`);
    expect(JSON.stringify([wrong, wrong.message, wrong.hint, String(wrong.cause)])).not.toContain('hunter2');
    expect(await failure(asked, { password: '' })).toMatchObject({ code: 'source/unauthorised' });
    expect(await failure(asked, { database: 'nowhere' })).toMatchObject({ code: 'source/not-found' });
    expect(await failure(query('SELECT *\nFROM erp.orders'))).toMatchObject({
      code: 'source/not-found',
      message: expect.stringContaining('line 2 of the query'),
    });
    expect(await failure(query('SELECT nothing FROM erp.bookings'))).toMatchObject({ code: 'source/bad-request' });
    const forbidden = {
      code: 'source/forbidden',
      hint: `Let its owner run: GRANT SELECT ON "erp"."salaries" TO "${role}";`,
    };
    expect(await failure(query('SELECT s.id FROM ERP.Salaries AS s'))).toMatchObject(forbidden);
    expect(await failure(query('SELECT 1 FROM erp.bookings AS b, "erp" . salaries'))).toMatchObject(forbidden);
    await admin.query(`ALTER ROLE ${role} SET search_path = erp`);
    const bare = await failure(query('SELECT 1, s.salaries FROM salaries AS s (salaries)'));
    expect(bare.hint).toBe(`Let its owner run: GRANT SELECT ON "salaries" TO "${role}";`);
    await admin.query(`ALTER ROLE ${role} RESET search_path`);
    const order = await failure(query('SELECT o.salaries FROM erp."Order" AS o'));
    expect(order.hint).toBe(`Let its owner run: GRANT SELECT ON "erp"."Order" TO "${role}";`);
    await expect(admin.query((order.hint ?? '').replace(/^.*: GRANT/, 'BEGIN; GRANT'))).resolves.toBeDefined();
    await admin.query('ROLLBACK');
    expect(await failure(query('SELECT * FROM hidden.things'))).toMatchObject({
      code: 'source/forbidden',
      hint: `Let the owner of the schema run: GRANT USAGE ON SCHEMA "hidden" TO "${role}";`,
    });
  });

  it('ends a query that takes longer than it may', async () => {
    const error = await failure(query('SELECT pg_sleep(30)', { timeoutMs: 200 }));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ code: 'source/timeout', message: expect.stringContaining('200ms') });
  });

  it('does not count the time in which the rows are worked on here', async () => {
    const asked = query('SELECT generate_series(1, 30)', { timeoutMs: 150, batchRows: 10 });
    let rows = 0;
    for await (const batch of createSqlSource().query(connection, asked, new AbortController().signal)) {
      rows += batch.rows.length;
      await admin.query('SELECT pg_sleep(0.3)');
    }
    expect(rows).toBe(30);
  });

  it('hears of a cancellation: the server stops too', async () => {
    const controller = new AbortController();
    const ended = rowsOf(query('SELECT pg_sleep(600)', { timeoutMs: 900_000 }), connection, controller.signal).then(
      () => expect.fail('an error was expected'),
      asOutturnError,
    );
    await pollUntil('the query runs', async () => (await running()) === 1);
    const before = performance.now();
    controller.abort();
    expect((await ended).code).toBe('queue/cancelled');
    expect(performance.now() - before).toBeLessThan(5_000);
    await noSessions();
  });

  it('lets no more than `concurrency` queries run at once; who waits can be cancelled', async () => {
    const source = createSqlSource();
    const start = (signal: AbortSignal) =>
      (async () => {
        for await (const _ of source.query(connection, query('SELECT pg_sleep(600)', { timeoutMs: 900_000 }), signal));
      })().catch(asOutturnError);
    const controllers = [1, 2, 3].map(() => new AbortController());
    const ended = controllers.map(({ signal }) => start(signal));
    await pollUntil('two queries run', async () => (await running()) === 2);
    controllers[2]?.abort();
    expect(await ended[2]).toMatchObject({ code: 'queue/cancelled' });
    expect(await running()).toBe(2);
    for (const controller of controllers) controller.abort();
    await Promise.all(ended);
  });

  it('leaves no session behind when the reader stops early', async () => {
    for await (const _ of createSqlSource().query(
      connection,
      query('SELECT generate_series(1, 1000000)'),
      new AbortController().signal,
    ))
      break;
    await noSessions();
  });

  it('asks for TLS unless it is turned off, and says when the server has none', async () => {
    const tls = { mode: 'verify-full', caFile: null, certFile: null, keyFile: null } as const;
    expect(await failure(query('SELECT 1'), { tls })).toMatchObject({
      code: 'source/tls',
      message: expect.stringContaining('offers no TLS'),
    });
    expect(await failure(query('SELECT 1'), { tls: { ...tls, caFile: 'no-such.pem' } })).toMatchObject({
      code: 'config/unreadable-file',
    });
  });

  it('never asks metadata addresses; nothing that listens, and no name, can be tried again', async () => {
    expect(await failure(query('SELECT 1'), { host: '169.254.169.254' })).toMatchObject({
      code: 'source/blocked-address',
    });
    expect(await failure(query('SELECT 1'), { port: 1 })).toMatchObject({ code: 'source/unreachable' });
    expect(await failure(query('SELECT 1'), { host: 'no-such-host.invalid' })).toMatchObject({
      code: 'source/unreachable',
    });
  });

  describe('that does not answer', () => {
    let silent: Server;
    const sockets = new Set<Socket>();
    beforeAll(async () => {
      silent = createServer((socket) => void sockets.add(socket));
      await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    });
    afterAll(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });

    it('is given up after the time for connecting, and at once when cancelled', async () => {
      const address = silent.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const at = { host: '127.0.0.1', port, connectTimeoutMs: 200 };
      expect(await failure(query('SELECT 1'), at)).toMatchObject({ code: 'source/timeout' });
      const controller = new AbortController();
      const ended = rowsOf(
        query('SELECT 1'),
        { ...connection, ...at, connectTimeoutMs: 600_000 },
        controller.signal,
      ).then(() => expect.fail('an error was expected'), asOutturnError);
      await pollUntil('it is connected', () => sockets.size === 2);
      controller.abort();
      expect((await ended).code).toBe('queue/cancelled');
    });
  });
});
