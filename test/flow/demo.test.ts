import { execFile } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { outturn, outturnProcess } from '../harness/cli.ts';

const decimal = z.number();
const count = z.int().nonnegative();
/** The document that `demo --json` promises: these keys, all of them, and no others. */
const document = z.strictObject({
  elapsedMs: z.int().positive(),
  postgres: z.string().regex(/^embedded \d+\.\d+/),
  queue: z.literal('postgres'),
  pulls: z.array(
    z.strictObject({ connector: z.string(), stream: z.string(), pages: count, rows: count, revisions: count }),
  ),
  projects: z.array(
    z.strictObject({
      id: z.string(),
      benefitToDate: decimal,
      costToDate: decimal,
      roi: decimal,
      realisedRoi: decimal,
      npv: decimal,
      irr: z.strictObject({ status: z.string(), value: decimal.nullable() }),
      paybackDate: z.iso.date().nullable(),
      coverage: decimal,
    }),
  ),
  reports: z.array(z.strictObject({ project: z.string(), format: z.string(), path: z.string(), bytes: count })),
  deliveries: z.array(
    z.strictObject({ channel: z.string(), target: z.string(), state: z.string(), messageId: z.string().min(1) }),
  ),
});
type Demo = z.infer<typeof document>;

describe('outturn demo', () => {
  let data: string;
  let first: Demo;
  let second: Demo;

  async function run(): Promise<Demo> {
    // Somebody's own servers are left alone: that nobody answers there would end the demo if it asked.
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', REDIS_URL: 'redis://127.0.0.1:1' };
    const result = await outturnProcess(['demo', '--json', '--data', data], { env });
    expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: '' });
    return document.parse(result.json());
  }
  const sinks = () => path.join(data, 'demo', 'sandbox');
  const mails = async () =>
    Promise.all(
      (await readdir(path.join(sinks(), 'mail'))).map((name) => readFile(path.join(sinks(), 'mail', name), 'latin1')),
    );
  const slackMessages = async () => {
    const channel = await readFile(path.join(sinks(), 'slack', 'C0ITVALUE.json'), 'utf8');
    return z.object({ messages: z.array(z.looseObject({ ts: z.string() })) }).parse(JSON.parse(channel)).messages;
  };

  beforeAll(async () => {
    data = await mkdtemp(path.join(tmpdir(), 'outturn-demo-'));
    // Nothing is new in the second run only when both fall on one day.
    do {
      await rm(data, { recursive: true, force: true });
      const day = new Date().getUTCDate();
      first = await run();
      second = await run();
      if (new Date().getUTCDate() === day) break;
    } while (true);
  });
  afterAll(async () => {
    await rm(data, { recursive: true, force: true });
  });

  it('pulls six streams of three connectors, some of them in several pages', () => {
    expect(first.pulls.map(({ connector, stream }) => `${connector}/${stream}`).sort()).toEqual([
      'ecb/daily',
      'erp/project-costs',
      'erp/service-hours',
      'monitoring/completed-checkouts',
      'monitoring/failed-checkouts',
      'monitoring/pick-errors',
    ]);
    expect(first.pulls.every((pull) => pull.rows > 0 && pull.revisions === 0)).toBe(true);
    expect(first.pulls.some((pull) => pull.pages > 1)).toBe(true);
    // Half a year, hour by hour.
    expect(first.pulls.find(({ stream }) => stream === 'failed-checkouts')?.rows).toBeGreaterThan(180 * 24);
  });

  it('shows a project that pays and one that does not, each with its rate of return', () => {
    const [checkout, scanner] = first.projects;
    expect([checkout?.id, scanner?.id]).toEqual(['checkout-rewrite', 'scanner-rollout']);
    expect(Number(checkout?.roi)).toBeGreaterThan(0);
    expect(Number(scanner?.roi)).toBeLessThan(0);
    expect(first.projects.map(({ irr }) => irr.status)).toEqual(['unique', 'unique']);
    expect(checkout?.paybackDate).not.toBeNull();
    expect(scanner?.paybackDate).toBeNull();
    for (const { benefitToDate, costToDate, realisedRoi } of first.projects)
      expect(Number(realisedRoi)).toBeCloseTo((Number(benefitToDate) - Number(costToDate)) / Number(costToDate), 6);
  });

  it('writes one report a project and format, as many bytes as it says', async () => {
    expect(first.reports.map(({ project, format }) => `${project} ${format}`).sort()).toEqual([
      'checkout-rewrite csv',
      'checkout-rewrite html',
      'scanner-rollout csv',
      'scanner-rollout html',
    ]);
    for (const report of first.reports) expect((await readFile(report.path)).length).toBe(report.bytes);
    const stored = await readdir(path.join(data, 'demo', 'objects', 'reports'), { recursive: true });
    // None for figures in between, while some streams were still to come.
    expect(stored.filter((name) => /\.(html|csv)$/.test(name))).toHaveLength(4);
  });

  it('delivers each digest by mail and Slack', async () => {
    expect(first.deliveries.map(({ channel, target, state }) => `${channel} ${target} ${state}`)).toEqual([
      'email commerce@example.com sent',
      'email logistics@example.com sent',
      'slack C0ITVALUE sent',
      'slack C0ITVALUE sent',
    ]);
    expect(new Set(first.deliveries.map(({ messageId }) => messageId)).size).toBe(4);
  });

  it('run again changes nothing', () => {
    expect(second.pulls.map(({ revisions }) => revisions)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(second.projects).toEqual(first.projects);
    expect(second.reports).toEqual(first.reports);
    expect(second.deliveries).toEqual(first.deliveries);
  });

  it('delivers nothing twice over both runs', async () => {
    const of = (channel: string) =>
      first.deliveries.filter((delivery) => delivery.channel === channel).map(({ messageId }) => messageId);
    const received = (await mails()).map((mail) => /^Message-ID: <(.+)>/im.exec(mail)?.[1]);
    expect(received.sort()).toEqual(
      of('email')
        .map((id) => id.replace(/^<|>$/g, ''))
        .sort(),
    );
    expect((await slackMessages()).map(({ ts }) => `C0ITVALUE/${ts}`).sort()).toEqual(of('slack').sort());
  });

  it('leaves no server behind', async () => {
    await expect(access(path.join(data, 'demo', 'postgres', 'pgdata', 'postmaster.pid'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

describe('outturn demo, twice at once, in a folder with spaces and quotes in its name', () => {
  it('gives both their figures, and a next command that can be pasted into a shell', async () => {
    const parent = await mkdtemp(path.join(tmpdir(), 'outturn-demo-'));
    await chmod(parent, 0o755);
    try {
      const data = path.join(parent, `it's "my" demo`);
      const [plain, json] = await Promise.all([
        outturnProcess(['demo', '--data', data]),
        outturnProcess(['demo', '--json', '--data', data]),
      ]);
      expect([plain.status, plain.stderr, json.status, json.stderr]).toEqual([0, '', 0, '']);
      expect(document.parse(json.json()).pulls).toHaveLength(6);
      expect(plain.stdout).toMatch(/IRR \d+% a year/);
      expect(plain.stdout).toMatch(/6 streams · [\d,]+ rows/);
      const options = / roi checkout-rewrite (--config .+)$/m.exec(plain.stdout)?.[1] ?? '';
      const words = await promisify(execFile)('sh', ['-c', `printf '%s\\n' ${options}`]);
      const [, config = '', , folder = ''] = words.stdout.split('\n');
      expect([path.resolve(config), path.resolve(folder)]).toEqual([
        path.join(data, 'demo', 'config'),
        path.join(data, 'demo'),
      ]);
    } finally {
      await rm(parent, { recursive: true, force: true });
    }
  });
});

describe('outturn demo --help', () => {
  it('offers no folder of the configuration, for it writes its own', async () => {
    const { stdout } = await outturn(['demo', '--help']);
    expect(stdout).not.toContain('--config');
    expect(stdout.replace(/\s+/g, ' ')).toContain('lies below <data>/demo');
  });
});

describe('outturn --data where nothing can be written', () => {
  it.each(['demo', 'migrate', 'up'])('%s names the place and what to do', async (command) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'outturn-unwritable-'));
    // PostgreSQL runs as another account than root, and keeps its data elsewhere where that cannot pass.
    await chmod(folder, 0o755);
    try {
      const file = path.join(folder, 'file');
      await writeFile(file, '');
      await writeFile(path.join(folder, 'settings.yaml'), 'settings: { timeZone: UTC }\n');
      const env = { OUTTURN_CONFIG: folder };
      const { status, json } = await outturn([command, '--json', '--data', file], { env });
      const { error } = json<{ error: { code: string; message: string; hint: string } }>();
      expect([status, error.code]).toEqual([1, 'storage/directory-unwritable']);
      expect(error.message).toContain(file);
      expect(error.hint).not.toBe('');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it.each([
    ['the configuration', 'config'],
    ['the sandbox', 'sandbox'],
  ])('the demo says so when a file lies in the place of the folder of %s', async (_what, name) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'outturn-unwritable-'));
    await chmod(folder, 0o755);
    try {
      await mkdir(path.join(folder, 'demo'));
      await writeFile(path.join(folder, 'demo', name), '');
      const { json } = await outturn(['demo', '--json', '--data', folder]);
      expect(json()).toMatchObject({
        error: {
          code: 'storage/directory-unwritable',
          message: expect.stringContaining(path.join(folder, 'demo', name)),
        },
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('outturn demo --data below a folder in which none can be made', () => {
  it.runIf(process.platform === 'linux')('says so at once', async () => {
    const { status, stderr } = await outturn(['demo', '--data', '/proc/outturn-test/data']);
    expect(status).toBe(1);
    expect(stderr).toContain('no folder can be made at /proc/outturn-test');
  });
});
