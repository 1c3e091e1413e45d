import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, outturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

interface Choices {
  apply?: 'manual' | 'automatic';
  attribution?: string;
  approvedBy?: string;
  other?: boolean;
}
const yaml = ({ apply = 'manual', attribution = '80 %', approvedBy = 'Board', other = true }: Choices): string => `
settings: { timeZone: Europe/Berlin, apply: ${apply} }
connectors:
  shop:
    kind: prometheus
    url: http://127.0.0.1:9
    streams:
      failures: { query: failures, step: 1d, sample: interval, unit: failures }
projects:
  checkout:
    name: Checkout rewrite
    currency: EUR
    startsOn: 2026-01-01
    discountRate: 8 %
    plans:
      v1: { frozenOn: 2025-12-15, approvedBy: ${approvedBy} }
    metrics:
      failures:
        kind: flow
        unit: failures
        direction: down
        benefitClass: cash-releasing
        source: { connector: shop, stream: failures }
        cadence: month
        baseline: { value: 119 }
        target: { value: 80, by: 2026-12-31 }
        attribution: ${attribution}
        rates: [{ from: 2026-01-01, amount: 450, per: failure }]
${other ? '  other: { name: Other, currency: USD, startsOn: 2026-01-01, discountRate: 5 % }' : ''}
`;

describe('plan and apply at the command line', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let env: Record<string, string>;
  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('plan'), testDatabase()]);
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    env = { DATABASE_URL: database.url, OUTTURN_CONFIG: config };
  });
  afterAll(async () => {
    await database?.close();
    await directory?.remove();
  });
  const write = (choices: Choices = {}): Promise<void> =>
    writeFile(path.join(env['OUTTURN_CONFIG'] ?? '', 'outturn.yaml'), yaml(choices));
  const run = (...args: string[]): Promise<CliResult> => outturn(args, { env });

  it('lead from the first project to its retirement, each step shown before it is taken', async () => {
    await write();
    const first = await run('plan', '--exit-code');
    expect([first.status, first.stderr]).toEqual([2, '']);
    expect(first.stdout).toContain('+ checkout is new Checkout rewrite');
    expect(first.stdout).toContain('plan v1 is frozen by this');
    expect(first.stdout).toContain('2 to create; recompute of 2 projects');
    const [roi, status, nobody] = await Promise.all([run('roi'), run('status'), run('apply')]);
    expect(roi.stdout).toContain('No project is in force');
    expect(status.stdout).toContain('2 projects differ from the configuration: `outturn plan`');
    expect([nobody.status, nobody.stderr]).toEqual([2, expect.stringContaining('Nobody can be asked')]);
    const applied = await run('apply', '--yes', '--reason', 'go live', '--json');
    expect(applied.json()).toMatchObject({
      created: ['checkout', 'other'],
      jobs: [{ args: { project: 'checkout' } }, { args: { project: 'other' } }],
    });
    const nothing = await run('plan', '--exit-code');
    expect([nothing.status, nothing.stdout]).toEqual([0, expect.stringContaining('Nothing to apply')]);

    await write({ attribution: '70 %', other: false });
    const [second, one, misspelt, listed] = await Promise.all([
      run('plan'),
      run('plan', 'checkout'),
      run('plan', 'chekout'),
      run('plan', '--json'),
    ]);
    expect(second.status).toBe(0);
    expect(second.stdout).toMatch(/metric failures › attribution +80% → 70%/);
    expect(second.stdout).toContain('plan v1 stays as it was frozen');
    expect(second.stdout).toContain('- other IS RETIRED');
    expect(one.stdout).not.toContain('other');
    expect(misspelt.stderr).toContain('Did you mean checkout?');
    const json = listed.json<{
      projects: { id: string; action: string; changes: unknown[] }[];
    }>();
    expect(json.projects).toMatchObject([
      { id: 'checkout', action: 'change', changes: [{ before: '80%', after: '70%' }] },
      { id: 'other', action: 'retire' },
    ]);
    const done = await run('apply', '--yes');
    expect(done.stdout).toContain('applied: changed checkout; retired other');
    expect((await run('doctor', '--json')).stdout).toContain('1 project in force');
  });

  it('refuse another frozen plan with its place; every other command goes on with what is in force', async () => {
    await write({ attribution: '70 %', other: false });
    await run('apply', '--yes');
    await write({ attribution: '70 %', other: false, approvedBy: 'Somebody' });
    const plan = await run('plan');
    expect([plan.status, plan.stdout]).toEqual([
      1,
      expect.stringContaining('project checkout: plan v1 is frozen: approvedBy Board → Somebody'),
    ]);
    const apply = await run('apply', '--yes');
    expect([apply.status, apply.stderr]).toEqual([1, expect.stringContaining('config/frozen-plan')]);
    expect((await run('roi')).stdout).toContain('checkout');
  });

  it('are not needed where applying is automatic: each command that does work does it, none that only shows', async () => {
    await write({ apply: 'automatic' });
    const plan = await run('plan');
    expect(plan.stdout).toContain('settings.apply is automatic');
    expect((await run('roi')).stdout).not.toContain('other');
    await run('recompute', '--enqueue');
    expect((await run('roi')).stdout).toContain('other');
    expect((await run('plan', '--exit-code')).status).toBe(0);
  });
});
