import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, sandboxConfigYaml, startSandbox } from '#src/sandbox/index';
import { type CliResult, outturn, outturnProcess, startOutturn } from '../harness/cli.ts';
import { silentLog, type TestDatabase, testDatabase } from '../harness/database.ts';
import { pollUntil } from '../harness/poll.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const STACK = /^\s+at .+:\d+:\d+/m;
const DAY_MS = 86_400_000;

interface Job {
  id: string;
  kind: string;
  state: string;
  error: { code: string } | null;
}

describe('an operator at the command line', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let sandbox: Sandbox;
  let env: Record<string, string>;
  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('operator'), testDatabase()]);
    await chmod(directory.path, 0o755);
    const now = Date.now();
    sandbox = await startSandbox({
      nowMs: now - (now % DAY_MS),
      directory: path.join(directory.path, 'sandbox'),
      log: silentLog,
    });
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    const files = sandboxConfigYaml(sandbox, { objectsDirectory: path.join(directory.path, 'objects') });
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(config, name), content);
    env = { DATABASE_URL: database.url, OUTTURN_CONFIG: config, OUTTURN_DATA: path.join(directory.path, 'data') };
    const pulled = await outturn(['pull', '--all', '--json'], { env });
    expect(pulled.json<{ jobs: Job[] }>().jobs.map((job) => job.state)).toEqual(Array(6).fill('succeeded'));
    expect([pulled.stderr, pulled.status]).toEqual(['', 0]);
  });
  afterAll(async () => {
    await sandbox?.close();
    await database?.close();
    await directory?.remove();
  });

  const run = (...args: string[]): Promise<CliResult> => outturn(args, { env });

  it('gets one document from each command with --json, and logs on standard error alone', async () => {
    const right = [
      ['validate'],
      ['check'],
      ['migrate'],
      ['doctor'],
      ['roi'],
      ['roi', 'checkout-rewrite', '--history'],
      ['jobs', '--limit', '3'],
      ['recompute'],
      ['recompute', 'checkout-rewrite', '--enqueue'],
      ['pull', 'monitoring.pick-errors', '--dry-run'],
      ['digest', 'preview', 'checkout-weekly'],
      ['digest', 'send', 'checkout-weekly', '--test'],
    ];
    const wrong = [
      ['check', 'monitorin'],
      ['roi', 'checkout-rewite'],
      ['recompute', 'checkout-rewite'],
      ['pull', 'monitorin'],
      ['digest', 'preview', 'checkout-weeky'],
      ['digest', 'send', 'checkout-weeky'],
      ['jobs', 'ffffffff-none'],
      ['validate', '--config', '/there/is/no/such/folder'],
    ];
    for (let at = 0; at < right.length; at += 4)
      await Promise.all(
        right.slice(at, at + 4).map(async (args) => {
          // In a process of its own, which ends by itself: nothing may keep it.
          const result = await outturnProcess([...args, '--json', '--log-level', 'debug'], { env });
          expect(result.json(), args.join(' ')).not.toHaveProperty('error');
          expect(result.status, `${args.join(' ')}\n${result.stdout}\n${result.stderr}`).toBe(0);
        }),
      );
    for (let at = 0; at < wrong.length; at += 4)
      await Promise.all(
        wrong.slice(at, at + 4).map(async (args) => {
          const result = await run(...args, '--json');
          expect(result.json(), args.join(' ')).toBeTypeOf('object');
          expect([result.status, result.stderr]).toEqual([1, '']);
        }),
      );
  });

  it('is told what was probably meant', async () => {
    const results = await Promise.all([
      run('check', 'monitorin'),
      run('pull', 'erp.project-cost', '--dry-run'),
      run('digest', 'preview', 'checkout-weeky'),
      run('jobs', '--state', 'faild'),
      run('jobs', '--kind', 'pul'),
    ]);
    const meant = ['monitoring', 'erp.project-costs', 'checkout-weekly', 'failed', 'pull'];
    for (const [index, result] of results.entries()) expect(result.stderr).toContain(`Did you mean ${meant[index]}?`);
    expect(results.map((result) => result.status)).toEqual([1, 1, 1, 2, 2]);
  });

  it('reads when a window or a date is impossible, before anything happens', async () => {
    const lines = [
      ['pull', 'erp', '--from', '2026-02-30'],
      ['pull', 'erp', '--from', '2026-02-01Z'],
      ['pull', 'erp', '--from', '2026-02-02', '--to', '2026-02-01'],
      ['pull', 'erp', '--from', '2999-01-01'],
      ['pull', 'erp', '--all'],
      ['recompute', '--as-of', '2026-02-30'],
      ['recompute', '--as-of', '2999-01-01'],
      ['digest', 'preview', 'checkout-weekly', '--channel', 'pdf'],
      ['jobs', '--limit', '0'],
    ];
    const results = await Promise.all(lines.map((line) => run(...line)));
    for (const [index, result] of results.entries()) {
      expect(result.status, lines[index]?.join(' ')).toBe(2);
      expect(result.stderr).toMatch(/^error usage\n/);
      expect(result.stdout).toBe('');
    }
  });

  it('sees the figures, the past and the parts of a dry run in tables', async () => {
    const [overview, one, past, dry] = await Promise.all([
      run('roi'),
      run('roi', 'checkout-rewrite'),
      run('roi', '--history'),
      run('pull', 'erp.project-costs', '--from', '2026-10-01', '--to', '2026-11-01', '--dry-run'),
    ]);
    expect(overview.stdout).toMatch(/^project +ROI +NPV .*\ncheckout-rewrite +\d+% +€/);
    expect(one.stdout).toMatch(/Failed checkouts +[\d,.]+ +\d+ failures/);
    expect(past.stdout).toMatch(/scanner-rollout .* [0-9a-f]{8}$/m);
    expect(dry.stdout).toMatch(/2026-10-01T00:00Z – 2026-11-01T00:00Z/);
    expect(dry.stdout).toMatch(/^posted +project +kind +amount +currency/m);
    for (const { stdout, stderr, status } of [overview, one, past, dry]) {
      expect(stdout).not.toMatch(/ $/m);
      expect([stderr, status]).toEqual(['', 0]);
    }
  });

  it('recomputes for a day of the past, and the newest figures stay', async () => {
    const before = await run('roi', '--json');
    const [asOf] = (await run('recompute', 'checkout-rewrite', '--as-of', sandboxDay(-30), '--json')).json<{
      jobs: { state: string; result: { asOf: string } }[];
    }>().jobs;
    expect(asOf).toMatchObject({ state: 'succeeded', result: { asOf: sandboxDay(-30) } });
    expect((await run('roi', '--json')).stdout).toBe(before.stdout);
  });

  it('previews a digest in each form', async () => {
    const file = path.join(directory.path, 'digest.html');
    const [text, slack, facts, written, refused] = await Promise.all([
      run('digest', 'preview', 'checkout-weekly'),
      run('digest', 'preview', 'checkout-weekly', '--channel', 'slack'),
      run('digest', 'preview', 'checkout-weekly', '--channel', 'facts'),
      run('digest', 'preview', 'checkout-weekly', '--channel', 'html', '--output', file),
      run('digest', 'preview', 'checkout-weekly', '--output', path.join(directory.path, 'none', 'digest.txt')),
    ]);
    expect(text.stdout).toContain('Checkout rewrite');
    expect(slack.json()).toHaveProperty('blocks');
    expect(facts.json()).toHaveProperty('headline');
    expect((await stat(file)).size).toBeGreaterThan(1_000);
    expect([written.stdout, written.status]).toEqual(['', 0]);
    expect(refused.stderr).toMatch(/^error usage\n.*digest\.txt cannot be written/);
  });

  it('sends the digest of a slot once, and is told so the second time', async () => {
    const sent = sandbox.mailsByMessageId().size;
    const first = await run('digest', 'send', 'checkout-weekly', '--slot', 'monday');
    const second = await run('digest', 'send', 'checkout-weekly', '--slot', 'monday');
    expect(sandbox.mailsByMessageId().size).toBe(sent + 1);
    expect(first.stdout).toMatch(/email +Head of Commerce commerce@example\.com +sent/);
    expect(first.stdout).not.toContain('nothing was sent again');
    expect(second.stdout).toContain('nothing was sent again');
    expect([first.status, second.status]).toEqual([0, 0]);
  });

  it('may close the pipe early', async () => {
    const result = await outturnProcess(['digest', 'preview', 'checkout-weekly', '--channel', 'html'], {
      env,
      readBytes: 1,
    });
    expect([result.stderr, result.status]).toEqual(['', 0]);
  });

  it('is not given a new empty system for a mistyped data folder', async () => {
    const data = path.join(directory.path, 'typo');
    const results = await Promise.all(
      ['jobs', 'roi'].map((command) =>
        outturn([command, '--data', data], { env: { ...env, DATABASE_URL: undefined } }),
      ),
    );
    for (const result of results) expect(result.stderr).toContain(`${data} does not exist`);
    await expect(stat(data)).rejects.toThrow('ENOENT');
  });

  it('runs `up`, works beside it, and ends it by Ctrl-C', async () => {
    const up = await startOutturn(['up', '--port', '0'], { env, ready: (output) => output.includes('Ctrl-C stops') });
    try {
      const url = new URL(/API +(\S+)/.exec(up.output())?.[1] ?? '');
      const token = /token +(\S+)/.exec(up.output())?.[1] ?? '';
      expect((await stat(token)).mode & 0o777).toBe(0o600);
      const [second, pulled] = await Promise.all([
        run('up', '--port', url.port),
        run('pull', 'monitoring.pick-errors', '--json'),
      ]);
      expect(second.stderr).toMatch(/api\/port-in-use\n.*Port \d+/);
      expect(second.status).toBe(1);
      expect(pulled.json<{ jobs: Job[] }>().jobs[0]?.state).toBe('succeeded');
      process.kill(up.pid, 'SIGINT');
      await pollUntil('the end of up', async () => up.exited() || null, { timeoutMs: 20_000 });
      expect(up.output()).toMatch(/stopping: .*\n(.*\n)*stopped\n$/);
      expect(up.output()).not.toMatch(STACK);
    } finally {
      await up.close();
    }
  });

  it('may leave a pull that hangs by Ctrl-C; the job stays in the queue', async () => {
    let asked = false;
    const hanging = createServer(() => {
      asked = true;
    });
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const config = path.join(directory.path, 'hanging');
    await mkdir(config);
    const { port } = hanging.address() as AddressInfo;
    await writeFile(
      path.join(config, 'outturn.yaml'),
      `connectors: { slow: { kind: prometheus, url: "http://127.0.0.1:${port}", since: 2d, streams: { s: { query: up, step: 1h, sample: instant, unit: hosts } } } }\n`,
    );
    const own = await testDatabase();
    const ownEnv = { DATABASE_URL: own.url, OUTTURN_CONFIG: config };
    const pull = await startOutturn(['pull', 'slow'], { env: ownEnv, ready: () => asked });
    try {
      process.kill(pull.pid, 'SIGINT');
      await pollUntil('the end of pull', async () => pull.exited() || null, { timeoutMs: 20_000 });
      expect(pull.output()).toContain('queue/cancelled');
      expect(pull.output()).not.toMatch(STACK);
      const [job] = (await outturn(['jobs', '--json'], { env: ownEnv })).json<Job[]>();
      expect(job).toMatchObject({ kind: 'pull', state: 'published' });
    } finally {
      await pull.close();
      hanging.closeAllConnections();
      await new Promise((resolve) => hanging.close(resolve));
      await own.close();
    }
  });

  it('sees what fails and why when the other side is gone', async () => {
    const healthy = await run('doctor');
    expect(healthy.stdout).not.toContain('✗');
    expect(healthy.status).toBe(0);
    await sandbox.close();

    const first = await run('pull', 'monitoring.pick-errors');
    expect(first.stdout).toMatch(/^✗ monitoring\.pick-errors [0-9a-f]{8} source\/unreachable: .*\(tried 2 times\)$/m);
    expect(first.stdout).toContain('tried again while a worker runs');
    expect(first.stdout + first.stderr).not.toMatch(STACK);
    expect(first.status).toBe(1);
    const again = await run('pull', 'monitoring.pick-errors');
    expect(again.stdout, 'tried at once, not after the first one’s pause').toContain('(tried 3 times)');

    const [list, sick, dry] = await Promise.all([
      run('jobs', '--limit', '2'),
      run('doctor', '--json'),
      run('pull', 'monitoring', '--dry-run', '--json'),
    ]);
    expect(list.stdout).toMatch(
      /pull +retrying +3 +\d+s +monitoring\.pick-errors +cli\n {2}source\/unreachable: connector/,
    );
    const { findings } = sick.json<{ findings: { level: string; aspect: string; message: string }[] }>();
    const errors = findings.filter((finding) => finding.level === 'error').map((finding) => finding.aspect);
    expect(errors).toEqual(expect.arrayContaining(['email', 'slack', 'stream']));
    expect(findings.map((finding) => finding.aspect)).toContain('retrying');
    expect(sick.status).toBe(1);
    expect(dry.json<{ error: { code: string } }[]>().map((each) => each.error.code)).toEqual(
      Array(3).fill('source/unreachable'),
    );
    const retrying = await run('jobs', '--state', 'retrying', '--json');
    expect(retrying.json<{ kind: string }[]>().map(({ kind }) => kind)).toEqual(['pull']);
    const shown = await run('jobs', /^([0-9a-f]{8}) +pull +retrying/m.exec(list.stdout)?.[1] ?? '');
    expect(shown.stdout).toMatch(/^error +source\/unreachable: /m);
    expect(shown.stdout).toMatch(/^about +monitoring\.pick-errors$/m);
  });
});

const sandboxDay = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
