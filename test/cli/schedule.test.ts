import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, outturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const yaml = `
settings:
  timeZone: Europe/Berlin
  objects: { kind: folder, path: objects }
connectors:
  monitoring:
    kind: prometheus
    url: http://127.0.0.1:9
    schedule: { cron: '*/15 * * * *', maxRandomDelay: 5m }
    streams:
      errors: { query: up, step: 1h, unit: ea, sample: instant }
schedules:
  nightly:
    cron: '30 2 * * 1-5'
    catchUp: none
    job: { kind: pull, args: { connector: monitoring, stream: errors } }
`;

describe('schedules at the command line', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let config: string;
  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('schedule'), testDatabase()]);
    config = path.join(directory.path, 'config');
    await mkdir(config);
    await writeFile(path.join(config, 'outturn.yaml'), yaml);
  });
  afterAll(async () => {
    await database?.close();
    await directory?.remove();
  });
  const run = (...args: string[]): Promise<CliResult> =>
    outturn(['schedule', ...args], { env: { DATABASE_URL: database.url, OUTTURN_CONFIG: config } });

  it('are listed, paused, run by hand, explained and resumed', async () => {
    const list = await run('list');
    expect(list.stdout).toContain('pull:monitoring.errors');
    expect(list.stdout).toContain('Mondays to Fridays at 02:30');
    expect(list.stdout).toContain('No scheduler is running.');
    expect([list.stderr, list.status]).toEqual(['', 0]);

    const paused = await run('pause', 'nightly', '--until', '2d', '--reason', 'SAP is being upgraded');
    expect(paused.stdout).toMatch(/^nightly is paused until .*; it runs next on \d{4}-\d\d-\d\dT02:30\+0[12]:00$/m);
    const again = await run('pause', 'nightly');
    expect(again.stderr).toContain('paused by');
    expect(again.status).toBe(2);
    expect((await run('list')).stdout).toContain('SAP is being upgraded');

    const fired = await run('run', 'nightly', '--json');
    const { job } = fired.json<{ job: { id: string } }>();
    const fires = await run('fires', 'nightly', '--json');
    expect(fires.json()).toMatchObject([{ outcome: 'manual', job: { id: job.id, state: 'pending' } }]);
    expect((await run('fires')).stdout).toContain(job.id.slice(0, 8));

    const why = await run('why', 'nightly', '2020-01-06T02:30');
    expect(why.stdout).toContain('No scheduler has seen this schedule yet.');
    expect((await run('resume', 'nightly')).stdout).toMatch(/^nightly goes on; it runs next on /);
    expect((await run('resume', 'nightly')).stdout).toMatch(/^nightly was not paused; /);
  });

  it('answer a wrong name with the nearest one, a wrong time with what it can be, and no line with words', async () => {
    const [wrongName, wrongTime, none] = await Promise.all([
      run('run', 'nightli'),
      run('why', 'nightly', 'tuesday'),
      run('fires', '--slot', '2019-01-01'),
    ]);
    expect(wrongName.stderr).toContain('Did you mean nightly?');
    expect(wrongName.status).toBe(1);
    expect(wrongTime.stderr).toContain('Give a local time of the schedule');
    expect(wrongTime.status).toBe(2);
    expect(none.stdout).toBe('No line of the ledger matches.\n');
  });
});
