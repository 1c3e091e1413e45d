import { type SpawnOptions, spawn } from 'node:child_process';
import { access, chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Makes the launcher believe in an older Node; Node itself is still this one. */
const olderNode = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });",
)}`;

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

function run(command: string, args: readonly string[], options: SpawnOptions & { input?: string }): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

describe('the packed package, installed elsewhere', () => {
  let work: string;
  let consumer: string;
  let packed: string[];

  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, NO_COLOR: '1' };
  const installed = () => path.join(consumer, 'node_modules', 'outturn');
  const outturn = (args: readonly string[], options: { input?: string; node?: readonly string[] } = {}) =>
    run(
      process.execPath,
      [...(options.node ?? []), path.join(consumer, 'node_modules', '.bin', 'outturn'), ...args],
      options.input === undefined ? { cwd: consumer, env } : { cwd: consumer, env, input: options.input },
    );

  beforeAll(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'outturn-package-'));
    // PostgreSQL runs as another account than root, and keeps its data elsewhere where that cannot pass.
    await chmod(work, 0o755);
    const source = path.join(work, 'source');
    consumer = path.join(work, 'consumer');
    // Built aside: the checkout's own dist/ may be in use.
    await cp(root, source, {
      recursive: true,
      filter: (from) =>
        !/^(node_modules|dist|\.git|\.outturn|\.test-cache|coverage)(\/|$)/.test(path.relative(root, from)),
    });
    await symlink(path.join(root, 'node_modules'), path.join(source, 'node_modules'), 'dir');
    const build = await run('npm', ['run', '-s', 'build'], { cwd: source, env });
    expect(build).toMatchObject({ status: 0, stdout: '' });
    const pack = await run('npm', ['pack', '--json', '--ignore-scripts'], { cwd: source, env });
    const report: unknown = JSON.parse(pack.stdout);
    const [entry] = Object.values(report as Record<string, { filename: string; files: { path: string }[] }>);
    packed = entry?.files.map((file) => file.path) ?? [];
    await mkdir(installed(), { recursive: true });
    await run('tar', ['-xzf', path.join(source, entry?.filename ?? ''), '--strip-components=1', '-C', installed()], {});
    // In the place of npm install, which would need the registry.
    await symlink(path.join(root, 'node_modules'), path.join(installed(), 'node_modules'), 'dir');
    await mkdir(path.join(consumer, 'node_modules', '.bin'));
    await symlink('../outturn/bin/outturn.mjs', path.join(consumer, 'node_modules', '.bin', 'outturn'));
  });
  afterAll(async () => {
    await rm(work, { recursive: true, force: true });
  });

  it('holds the program, migrations and documentation; no test, no source, no settings of this repository', () => {
    const top = new Set(packed.map((file) => file.split('/')[0]));
    expect([...top].sort()).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'bin',
        'connectors',
        'dist',
        'docs',
        'migrations',
        'package.json',
      ].sort(),
    );
    expect(packed.filter((file) => /\.test\.|\.ts$|testcases|\.map$/.test(file))).toEqual([]);
  });

  it('holds every file that the program reads while it runs', async () => {
    const migrations = (await readdir(path.join(root, 'migrations'))).filter((name) => name.endsWith('.sql'));
    expect(packed).toEqual(expect.arrayContaining(migrations.map((name) => `migrations/${name}`)));
    expect(packed).toContain('dist/src/cli/outturn.js');
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await outturn(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('checks a configuration: 0 for a good one, 1 and the place for a bad one', async () => {
    const config = path.join(work, 'config');
    await mkdir(config);
    await writeFile(path.join(config, 'settings.yaml'), 'settings:\n  timeZone: Europe/Berlin\n');
    expect((await outturn(['validate', '--config', config])).status).toBe(0);
    await writeFile(path.join(config, 'settings.yaml'), 'settings:\n  timezone: Europe/Berlin\n');
    const bad = await outturn(['validate', '--config', config]);
    expect(bad.status).toBe(1);
    expect(bad.stdout + bad.stderr).toMatch(/settings\.yaml:2:3 .*timeZone/);
  });

  it('evaluates finance cases from standard input', async () => {
    const input = await readFile(path.join(root, 'test', 'fixtures', 'finance.json'), 'utf8');
    const { status, stdout } = await outturn(['finance', '--json'], { input });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(expect.arrayContaining([expect.objectContaining({ npv: expect.any(Number) })]));
  });

  it('runs the whole demo: migrations, fonts, PostgreSQL and libraries are found from here', async () => {
    const { status, stdout, stderr } = await outturn(['demo', '--json']);
    await access(path.join(consumer, '.outturn', 'demo', 'postgres', 'pgdata', 'PG_VERSION'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { reports, deliveries } = JSON.parse(stdout) as { reports: unknown[]; deliveries: { state: string }[] };
    expect(reports).toHaveLength(4);
    expect(deliveries.map(({ state }) => state)).toEqual(['sent', 'sent', 'sent', 'sent']);
  });

  it('under an older Node runs on the one it brings: input, output and exit status pass through', async () => {
    const input = await readFile(path.join(root, 'test', 'fixtures', 'finance.json'), 'utf8');
    const older = { node: ['--import', olderNode] };
    const finance = await outturn(['finance', '--json'], { ...older, input });
    expect(finance).toEqual(await outturn(['finance', '--json'], { input }));
    expect((await outturn(['no-such-command'], older)).status).toBe(2);
  });

  it('under an older Node, when npm skipped the script that fetches Node, says what to run', async () => {
    const bare = path.join(work, 'bare');
    await cp(installed(), bare, { recursive: true, filter: (from) => path.basename(from) !== 'node_modules' });
    const result = await run(process.execPath, ['--import', olderNode, path.join(bare, 'bin', 'outturn.mjs')], { env });
    expect(result).toMatchObject({ status: 1, stdout: '' });
    expect(result.stderr).toMatch(/Node 24 is needed.*\n→.*npm install-scripts approve node && npm rebuild node/);
  });
});
