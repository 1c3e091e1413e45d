import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outturnProcess, startOutturn } from '../harness/cli.ts';
import { pollUntil } from '../harness/poll.ts';
import type { RunningProcess } from '../harness/process.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const TOKEN = 'a-token-for-this-test';
const yaml = `
settings: { api: { host: 127.0.0.1, port: 8080, token: "\${env:API_TOKEN}" } }
projects:
  intranet:
    name: Intranet
    currency: EUR
    timeZone: Europe/Berlin
    startsOn: 2026-01-01
    horizonYears: 3
    discountRate: 8 %
    costs: { lines: [{ date: 2026-01-02, amount: 1000, currency: EUR, kind: actual, text: Licences }] }
    metrics: {}
`;

describe('`outturn up` on the embedded PostgreSQL', () => {
  let directory: TemporaryDirectory;
  let up: RunningProcess;
  let api: string;
  let args: string[];
  const env = { API_TOKEN: TOKEN };
  beforeAll(async () => {
    directory = await temporaryDirectory('up');
    // As root, PostgreSQL runs as another user, who must be able to pass.
    await chmod(directory.path, 0o755);
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    await writeFile(path.join(config, 'outturn.yaml'), yaml);
    args = ['--config', config, '--data', path.join(directory.path, 'data')];
    up = await startOutturn(['up', '--port', '0', '--json', ...args], {
      env,
      ready: (output) => output.includes('"apiUrl"'),
    });
    api = /"apiUrl": "([^"]+)"/.exec(up.output())?.[1] ?? '';
  });
  afterAll(async () => {
    await up?.close(30_000);
    await directory?.remove();
  });

  const postmaster = async (): Promise<number> => {
    const file = path.join(directory.path, 'data', 'postgres', 'pgdata', 'postmaster.pid');
    return Number((await readFile(file, 'utf8')).split('\n')[0]);
  };
  const isReady = async (): Promise<boolean> => (await fetch(`${api}/readyz`)).ok;
  async function recalculated(): Promise<string> {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const accepted = await fetch(`${api}/v1/recalculations`, {
      method: 'POST',
      headers,
      body: '{"project":"intranet"}',
    });
    const { id } = (await accepted.json()) as { id: string };
    return pollUntil('recalculation', async () => {
      const { state } = (await (await fetch(`${api}/v1/jobs/${id}`, { headers })).json()) as { state: string };
      return ['succeeded', 'failed', 'collapsed'].includes(state) ? state : null;
    });
  }

  it('works, and another command joins its server', async () => {
    expect(await isReady()).toBe(true);
    expect(await recalculated()).toBe('succeeded');
    const joined = await outturnProcess(['migrate', '--json', ...args], { env });
    expect(joined.json()).toMatchObject({ server: 'joined', applied: [] });
  });

  it('brings its server back when that is killed, and goes on working', async () => {
    const killed = await postmaster();
    process.kill(killed, 'SIGKILL');
    await pollUntil('ready again', async () => (await postmaster()) !== killed && (await isReady()));
    expect(await recalculated()).toBe('succeeded');
    expect(up.output()).toContain('is started again');
  });

  it('takes its server with it when it ends', async () => {
    const pid = await postmaster();
    await up.close(30_000);
    expect(() => process.kill(pid, 0)).toThrow();
  });
});
