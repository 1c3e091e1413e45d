import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { goodYaml, loadFiles, SECRET, spoil } from '../../test/factories/config.ts';

describe('what is written becomes exactly that', () => {
  it('money and shares never go through a float', async () => {
    const { config, lines } = await loadFiles(
      spoil(
        'rates: [{ from: 2026-01-01, amount: 4.50 }]',
        'rates: [{ from: 2026-01-01, to: 2026-09-01, amount: 12345678901234567.89 }, { from: 2026-09-01, amount: "0.10" }]\n        attribution: 7.3 %\n        confidence: 0.1',
      ),
    );
    expect(lines).toEqual([]);
    expect(config?.projects[0]).toMatchObject({ discount: [{ fromYear: 0, rate: '0.08' }] });
    expect(config?.projects[0]?.metrics[0]).toMatchObject({
      rates: [
        { amount: '12345678901234567.89', currency: 'EUR', per: 'failures', to: '2026-09-01' },
        { amount: '0.1', to: null },
      ],
      attribution: '0.073',
      confidence: '0.1',
    });
  });

  it('durations, sizes and where a first pull starts', async () => {
    const { config } = await loadFiles(
      spoil(
        '    streams:\n      failures: { query',
        '    timeout: 1m30s\n    maxResponse: 2MiB\n    since: 2026-01-01\n    lookback: P1DT12H\n    streams:\n      failures: { finalAfter: 0s, since: 90d, query',
      ),
    );
    const connector = config?.connectors[0];
    expect(connector?.http).toMatchObject({
      timeoutMs: 90_000,
      maxResponseBytes: 2_097_152,
      budget: { concurrency: 2 },
    });
    expect(connector?.streams[0]).toMatchObject({
      sinceMs: { kind: 'ago', durationMs: 90 * 86_400_000 },
      lookbackMs: 36 * 3_600_000,
      finalAfterMs: 0,
      options: { step: 3_600_000, points: 100, exact: false },
    });
  });

  it.each([
    ['Europe/Berlin', '2026-09-21', '2026-09-20T22:00:00.000Z'],
    ['Europe/Berlin', '2026-01-01', '2025-12-31T23:00:00.000Z'],
    ['America/New_York', '2026-09-21', '2026-09-21T04:00:00.000Z'],
    // Clocks go forward at midnight: the day begins at one.
    ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00.000Z'],
    ['Europe/Berlin', '2026-09-21T00:00:00Z', '2026-09-21T00:00:00.000Z'],
  ])('in %s, since: %s is %s', async (timeZone, since, instant) => {
    const files = spoil('    streams:\n      failures: {', `    since: ${since}\n    streams:\n      failures: {`);
    const yaml = files['outturn.yaml']?.replace('timeZone: Europe/Berlin', `timeZone: ${timeZone}`) ?? '';
    const { config } = await loadFiles({ 'outturn.yaml': yaml });
    expect(config?.connectors[0]?.streams[0]?.sinceMs).toEqual({ kind: 'instant', atMs: Date.parse(instant) });
  });

  it('shorthand schedules become schedules with telling ids, a stream may have its own', async () => {
    const { config } = await loadFiles(spoil('    kind: meter\n', '    kind: meter\n    schedule: "*/15 * * * *"\n'));
    expect(config?.schedules).toEqual([
      {
        id: 'pull:shop.failures',
        cron: '*/15 * * * *',
        timeZone: 'Europe/Berlin',
        catchUp: 'latest',
        maxRandomDelayMs: 0,
        job: { kind: 'pull', args: { connector: 'shop', stream: 'failures' } },
      },
      {
        id: 'digest:weekly',
        cron: '0 8 * * 1',
        timeZone: 'Europe/Berlin',
        catchUp: 'latest',
        maxRandomDelayMs: 0,
        job: { kind: 'send-digest', args: { subscription: 'weekly' } },
      },
    ]);
  });

  it('an address of its own, a name and a Slack channel', async () => {
    const files = spoil(
      '[{ stakeholder: sponsor, channel: email }]',
      '[{ stakeholder: sponsor, channel: email }, { channel: slack, address: C0001, name: "#it" }]',
    );
    const { config, lines } = await loadFiles({
      ...files,
      'slack.yaml': 'settings: { slack: { token: xoxb-literal } }',
    });
    expect(lines).toEqual([expect.stringMatching(/slack\.token: a secret stands in the file as it is/)]);
    expect(config?.subscriptions[0]?.targets).toMatchObject([
      { channel: 'email', address: 'sponsor@example.com', name: 'Sponsor' },
      { channel: 'slack', address: 'C0001', name: '#it' },
    ]);
    expect(config?.secrets).toContain('xoxb-literal');
  });
});

describe('references', () => {
  it('variables, defaults and files stand anywhere in a text; $${ is literal', async () => {
    const query = 'query: "a-${env:A}-${env:UNSET:-b c}-${file:secrets/q.txt}-$${env:A}"';
    const yaml = goodYaml
      .replace('query: sum(failures)', () => `${query}, points: "\${env:POINTS}", exact: "\${env:EXACT}"`)
      .replace('url: http://127.0.0.1:9090', 'url: http://127.0.0.1:${env:PORT:-9090}/x');
    const { config, lines } = await loadFiles(
      { 'outturn.yaml': yaml, 'secrets/q.txt': 'from a file\n' },
      { env: { A: 'value of a', POINTS: '250', EXACT: 'true' } },
    );
    expect(lines).toEqual([]);
    expect(config?.connectors[0]?.http.url).toBe('http://127.0.0.1:9090/x');
    expect(config?.connectors[0]?.streams[0]?.options).toMatchObject({
      query: 'a-value of a-b c-from a file-${env:A}',
      points: 250,
      exact: true,
    });
    expect(config?.secrets).toEqual(expect.arrayContaining([SECRET, 'value of a', 'from a file']));
    expect(config?.secrets, 'defaults and small numbers are no secrets').not.toEqual(expect.arrayContaining(['b c']));
    expect(config?.secrets).not.toContain('250');
  });

  it('what is wrong with a value from outside is told without the value', async () => {
    const yaml = goodYaml
      .replace('step: 1h', 'step: 1h, points: "${env:POINTS}"')
      .replace('currency: EUR', 'currency: "${env:MONEY}"');
    const env = { POINTS: 'secret-points', MONEY: 'secret-money' };
    const { lines } = await loadFiles({ 'outturn.yaml': yaml }, { env });
    expect(lines).toEqual([
      expect.stringMatching(/points: expected a number, found what \$\{env:POINTS\} gives$/),
      expect.stringMatching(/currency: expected an ISO 4217 .*, found what \$\{env:MONEY\} gives$/),
    ]);
  });

  it('a secret written into a secret field is known, and never shown, however the field is spoilt', async () => {
    const literal = 'literal-secret-value';
    for (const auth of [
      `{ kind: bearer, token: ${literal} }`,
      `{ kind: baerer, token: ${literal} }`,
      `{ kind: basic, username: [], password: ${literal} }`,
      `{ kind: bearer, token: { is: ${literal} } }`,
      `{ kind: bearer, tokn: ${literal} }`,
      `{ kind: ${literal}`,
    ]) {
      const { config, lines } = await loadFiles(spoil('{ kind: bearer, token: "${env:SHOP_TOKEN}" }', auth));
      if (!auth.startsWith('{ kind: literal')) expect(lines.join('\n'), auth).not.toContain(literal);
      if (config !== null) expect(config.secrets).toContain(literal);
    }
  });

  it('a secret stays hidden when the YAML around it breaks, or when it stands where a mapping belongs', async () => {
    const literal = 'literal-secret-value';
    for (const auth of [
      `{ kind: bearer, token: "${literal} }`,
      `{ kind: bearer, token: ${literal}`,
      `"${literal}" "${literal}"`,
      `[${literal}] ${literal}`,
      `'${literal}' ${literal}: x`,
      `@${literal}`,
      `%${literal}`,
      `"\\q${literal}"`,
      `*${literal}`,
      `!${literal} x`,
      literal,
    ]) {
      const { config, lines } = await loadFiles(spoil('{ kind: bearer, token: "${env:SHOP_TOKEN}" }', auth));
      expect(config, auth).toBeNull();
      expect(lines.join('\n'), auth).not.toContain(literal);
    }
  });

  it('of a header and a proxy the part that is secret is known by itself', async () => {
    const { config, lines } = await loadFiles(
      spoil(
        '    kind: meter\n',
        '    kind: meter\n    headers: { X-Api-Key: Key abcdefgh, X-Scope: team }\n    proxy: http://me:proxy-pass@127.0.0.1:3128\n',
      ),
    );
    expect(lines).toEqual([
      expect.stringMatching(/headers\.X-Api-Key: a secret stands in the file as it is/),
      expect.stringMatching(/proxy: a secret stands in the file as it is/),
    ]);
    expect(config?.secrets).toEqual(expect.arrayContaining(['abcdefgh', 'proxy-pass']));
    expect(config?.secrets).not.toContain('team');
  });

  it.each([
    ['a word that is none', '${SHOP_TOKEN}', /not a reference: write \$\{env:NAME\}/],
    ['an open one', '${env:SHOP_TOKEN', /not a reference/],
    ['a file that is not there', '${file:nothing}', /"nothing" cannot be read: there is no such file/],
    ['a file outside the folder', '${file:../../../../../../etc/hostname}', /leaves the configuration folder/],
    ['a link that leads outside', '${file:link}', /leaves the configuration folder/],
    ['a folder', '${file:folder}', /is not a regular file/],
    ['a file that is too large', '${file:large}', /larger than 64 KiB/],
    ['a device', '${file:/dev/zero}', /is not a regular file/],
    ['a file that is no text', '${file:binary}', /not UTF-8/],
    ['an empty variable', '${env:EMPTY}', /the environment variable EMPTY is empty/],
    ['a property of objects', '${env:toString}', /the environment variable toString is not set/],
  ])('%s is a problem with its place', async (_what, reference, expected) => {
    const { lines } = await loadFiles(
      { ...spoil('${env:SHOP_TOKEN}', reference), large: 'x'.repeat(70_000), binary: Buffer.from([0xff, 0xfe, 0xfa]) },
      {
        env: { EMPTY: '' },
        prepare: async (directory) => {
          await mkdir(path.join(directory, 'folder'));
          await symlink('/etc/hostname', path.join(directory, 'link'));
        },
      },
    );
    expect(lines).toEqual([expect.stringMatching(expected)]);
    expect(lines[0]).toMatch(/^outturn\.yaml:8:34 connectors\.shop\.auth\.token: /);
  });

  it('an absolute path is allowed: mounted secrets lie outside', async () => {
    const outside = await mkdtemp(path.join(os.tmpdir(), 'outturn-mounted-'));
    try {
      await writeFile(path.join(outside, 'token'), 'mounted-secret\n');
      const { config, lines } = await loadFiles(spoil('${env:SHOP_TOKEN}', `\${file:${outside}/token}`));
      expect(lines).toEqual([]);
      expect(config?.connectors[0]?.http.auth).toEqual({ kind: 'bearer', token: 'mounted-secret' });
      expect(config?.secrets).toContain('mounted-secret');
    } finally {
      await rm(outside, { recursive: true });
    }
  });
});
