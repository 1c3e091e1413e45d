import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pollUntil } from '../../test/harness/poll.ts';
import { silentLog } from '../../test/harness/silent-log.ts';
import { openEmbeddedPostgres } from './index.ts';

// Each test starts several processes and servers.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 });

let directory: string;
let holders: Holder[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outturn-embedded-'));
  // The server's account must be able to pass, as it is for a folder that an operator names.
  await chmod(directory, 0o755);
  holders = [];
});
afterEach(async () => {
  for (const holder of holders) await holder.end();
  await rm(directory, { recursive: true, force: true });
});

interface Answer {
  url: string;
  mode: 'started' | 'joined';
  directory: string;
  error?: { code: string; message: string; hint: string };
}
interface Holder {
  answer: Answer;
  process: ChildProcessByStdio<Writable, Readable, null>;
  end(): Promise<void>;
}

/** A command in a process of its own, holding the server of `data` until it is ended. */
async function command(data = join(directory, 'data'), account?: number): Promise<Holder> {
  const program = fileURLToPath(new URL('../../test/harness/hold-embedded.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=outturn-source', program, data], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: '/',
    ...(account === undefined ? {} : { uid: account, gid: account }),
  });
  const exited = once(child, 'exit');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const holder: Holder = {
    answer: JSON.parse(line) as Answer,
    process: child,
    async end() {
      child.stdin.end();
      await exited;
    },
  };
  holders.push(holder);
  return holder;
}

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

async function postmasterPid(data = join(directory, 'data')): Promise<number | null> {
  const text = await readFile(join(data, 'pgdata', 'postmaster.pid'), 'utf8').catch(() => '');
  return text === '' ? null : Number(text.split('\n')[0]);
}
async function gone(pid: number): Promise<void> {
  await pollUntil(`process ${pid} is gone`, async () => {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
    return process.platform === 'linux' ? status === null || status.includes(') Z ') : !isRunning(pid);
  });
}
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the embedded PostgreSQL', () => {
  it('is started by the first command, joined by the next, and stopped by the last one out', async () => {
    const first = await command();
    expect(first.answer.mode).toBe('started');
    const second = await command();
    expect(second.answer).toEqual({ ...first.answer, mode: 'joined' });
    await query(first.answer.url, 'CREATE TABLE kept AS SELECT 42 AS n');
    await first.end();
    expect(await query(second.answer.url, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
    await second.end();
    expect(await postmasterPid()).toBeNull();
    const third = await command();
    expect(third.answer.mode).toBe('started');
    expect(third.answer.url).toBe(first.answer.url);
    expect(await query(third.answer.url, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
  });

  it('speaks UTF-8 in UTC, listens on loopback only, and wants a password that only its owner can read', async () => {
    const { answer } = await command();
    const [facts] = await query(
      answer.url,
      `SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone,
        current_setting('listen_addresses') AS listen, current_setting('fsync') AS fsync, lower('ÄÉ') AS lower`,
    );
    expect(facts).toEqual({ encoding: 'UTF8', zone: 'UTC', listen: '127.0.0.1', fsync: 'on', lower: 'äé' });
    const without = new URL(answer.url);
    without.password = 'guess';
    await expect(query(without.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
    expect((await stat(join(directory, 'data', 'password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'data', 'pgdata'))).mode & 0o777).toBe(0o700);
  });

  it('is joined after the command that started it was killed, and then stopped by the one that joined', async () => {
    const first = await command();
    first.process.kill('SIGKILL');
    await once(first.process, 'exit');
    const second = await command();
    expect(second.answer).toEqual({ ...first.answer, mode: 'joined' });
    const pid = await postmasterPid();
    await second.end();
    expect(await postmasterPid()).toBeNull();
    await gone(pid ?? 0);
  });

  it('keeps what was committed when both the server and the command are killed', async () => {
    const first = await command();
    await query(first.answer.url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');
    const pid = (await postmasterPid()) ?? 0;
    process.kill(pid, 'SIGKILL');
    first.process.kill('SIGKILL');
    await gone(pid);
    expect(await postmasterPid()).toBe(pid);
    const second = await command();
    expect(second.answer).toEqual({ ...first.answer, mode: 'started' });
    expect(await query(second.answer.url, 'SELECT count(*)::int AS count FROM kept')).toEqual([{ count: 1000 }]);
  });

  it('starts beside the mark of a killed server whose number another program has now', async () => {
    const first = await command();
    await first.end();
    await writeFile(
      join(directory, 'data', 'pgdata', 'postmaster.pid'),
      `${process.pid}\n/x\n1\n1\n\n127.0.0.1\n0\nready\n`,
    );
    expect((await command()).answer.mode).toBe('started');
  });

  it('starts beside the mark of a killed server whose number another PostgreSQL server has now', async () => {
    const other = await command(join(directory, 'other'));
    const first = await command();
    await first.end();
    const { port } = new URL(first.answer.url);
    const pid = await postmasterPid(join(directory, 'other'));
    const pgdata = join(directory, 'data', 'pgdata');
    await writeFile(join(pgdata, 'postmaster.pid'), `${pid}\n${pgdata}\n1\n${port}\n\n127.0.0.1\n0\nready\n`);
    const second = await command();
    expect(second.answer.mode).toBe('started');
    expect(await query(second.answer.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await query(other.answer.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is made once when several commands start for the first time at the same moment', async () => {
    const commands = await Promise.all([command(), command(), command()]);
    expect(commands.map((one) => one.answer.mode).sort()).toEqual(['joined', 'joined', 'started']);
    expect(new Set(commands.map((one) => one.answer.url)).size).toBe(1);
    expect(await query(commands[0].answer.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('leaves nothing half-made when it is killed while initialising', async () => {
    const data = join(directory, 'data');
    const killed = spawn(
      process.execPath,
      [
        '--conditions=outturn-source',
        fileURLToPath(new URL('../../test/harness/hold-embedded.ts', import.meta.url)),
        data,
      ],
      { stdio: 'ignore' },
    );
    const initialising = async () =>
      (await readdir(data).catch(() => [])).find((name) => /^pgdata\.initialising-[0-9a-f]+$/.test(name));
    await pollUntil('initdb is at work', initialising, { intervalMs: 2 });
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const { answer } = await command();
    expect(answer.mode).toBe('started');
    expect(await query(answer.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await initialising()).toBeUndefined();
  });

  it('takes another port when its own was taken meanwhile, and remembers it', async () => {
    const first = await command();
    await first.end();
    const port = Number(new URL(first.answer.url).port);
    const thief = createServer();
    thief.listen(port, '127.0.0.1');
    await once(thief, 'listening');
    const second = await command();
    expect(second.answer.mode).toBe('started');
    expect(Number(new URL(second.answer.url).port)).not.toBe(port);
    await second.end();
    thief.close();
    const third = await command();
    expect(third.answer.url).toBe(second.answer.url);
  });

  it('can be opened twice by one process, and released twice without harm', async () => {
    const open = () => openEmbeddedPostgres({ dataDirectory: join(directory, 'data'), log: silentLog });
    const first = await open();
    const second = await open();
    expect([first.mode, second.mode]).toEqual(['started', 'joined']);
    await Promise.all([first.release(), first.release()]);
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.release();
    expect(await postmasterPid()).toBeNull();
  });
});

describe('a data directory that cannot be used', () => {
  it('holds files of someone else: they are named and left alone', async () => {
    const data = join(directory, 'data');
    await mkdir(data);
    await writeFile(join(data, 'thesis.txt'), 'x');
    const { answer } = await command();
    expect(answer.error).toMatchObject({
      code: 'storage/directory-in-use',
      message: expect.stringContaining('thesis.txt'),
      hint: expect.stringContaining('empty'),
    });
    expect(await readdir(data)).toEqual(['thesis.txt']);
  });

  it('belongs to another PostgreSQL server', async () => {
    const data = join(directory, 'data');
    await mkdir(data);
    await writeFile(join(data, 'PG_VERSION'), '16\n');
    const { answer } = await command();
    expect(answer.error).toMatchObject({
      code: 'storage/directory-in-use',
      hint: expect.stringContaining('DATABASE_URL'),
    });
  });

  it('is a file', async () => {
    await writeFile(join(directory, 'data'), '');
    expect((await command()).answer.error).toMatchObject({ code: 'storage/directory-unwritable' });
  });

  it('may not be written by the account that runs the command', async () => {
    const closed = join(directory, 'closed');
    await mkdir(closed);
    await chmod(closed, 0o555);
    // Root may write everywhere: there the command runs as another account.
    const account = process.getuid?.() === 0 ? 65534 : undefined;
    const { answer } = await command(join(closed, 'data'), account);
    expect(answer.error).toMatchObject({
      code: 'storage/directory-unwritable',
      message: expect.stringContaining(closed),
      hint: expect.stringContaining('right to write'),
    });
  });

  it('was made by another major version of PostgreSQL', async () => {
    const first = await command();
    await first.end();
    await writeFile(join(directory, 'data', 'pgdata', 'PG_VERSION'), '17\n');
    expect((await command()).answer.error).toMatchObject({
      code: 'storage/unavailable',
      message: expect.stringContaining('is of PostgreSQL 17'),
      hint: expect.stringContaining('pg_dump'),
    });
  });
});

describe.runIf(process.getuid?.() === 0)('as root', () => {
  it('uses a folder that the server may reach when a parent of the named one is closed to it, and says which', async () => {
    const closed = join(directory, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const first = await command(join(closed, 'data'));
    try {
      expect(first.answer.directory).toMatch(/^\/var\/lib\/outturn\//);
      const second = await command(join(closed, 'data'));
      expect(second.answer).toEqual({ ...first.answer, mode: 'joined' });
      await second.end();
      await first.end();
    } finally {
      await rm(first.answer.directory, { recursive: true, force: true });
    }
  });

  it('works for an ordinary account all the same', async () => {
    const own = join(directory, 'own');
    await mkdir(own);
    await chmod(own, 0o777);
    const { answer } = await command(join(own, 'data'), 65534);
    expect(answer.mode).toBe('started');
    expect(await query(answer.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
