import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AnyConnectorKind, defineConnector } from '#kit';
import { formatProblem, loadConfig } from './index.ts';

const stream = z.strictObject({ metric: z.string() });
const kindWith = (kind: string, auth?: AnyConnectorKind['auth']): AnyConnectorKind =>
  defineConnector({
    kind,
    summary: 'A source.',
    options: z.strictObject({}),
    stream,
    capabilities: { measurements: true, costs: false, discover: false },
    ...(auth === undefined ? {} : { auth }),
    timing: () => ({ intervalMs: 0 }),
    check: async () => [],
    checkStream: async () => [],
    discover: async () => [],
    async *pull() {},
    parse: () => ({ measurements: [], costs: [], warnings: [] }),
  });
const kinds = [kindWith('any'), kindWith('guarded', ['session', 'bearer'])];

const directory = mkdtempSync(join(tmpdir(), 'outturn-auth-'));
const key = (type: 'rsa' | 'ec' | 'ed25519', bits = 2048): string =>
  (type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: bits })
    : type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('ed25519')
  ).privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;

beforeAll(() => {
  for (const [name, text] of Object.entries({
    'rsa.pem': key('rsa'),
    'weak.pem': key('rsa', 1024),
    'ec.pem': key('ec'),
  }))
    writeFileSync(join(directory, name), text);
  writeFileSync(join(directory, 'cut.pem'), key('ec').slice(0, 80));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  openssl(
    'req',
    '-x509',
    ...ec,
    '-nodes',
    '-keyout',
    'client.key',
    '-out',
    'client.pem',
    '-subj',
    '/CN=a',
    '-days',
    '2',
  );
  openssl('ec', '-in', 'client.key', '-aes256', '-passout', 'pass:open-it', '-out', 'locked.key');
  const certificate = readFileSync(join(directory, 'client.pem'), 'utf8');
  writeFileSync(join(directory, 'both.pem'), `# first\n${certificate}# second\n${certificate}`);
  writeFileSync(
    join(directory, 'broken.pem'),
    certificate + certificate.replace(/MII./, 'AAAA').replace(/MI../, 'AAAA'),
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

async function read(lines: string, kind = 'any') {
  const yaml = `connectors:\n  shop:\n    kind: ${kind}\n    url: https://source.example\n    streams: { m: { metric: x } }\n${lines}`;
  writeFileSync(join(directory, 'outturn.yaml'), yaml);
  const { config, problems } = await loadConfig({ directory, env: { KEY: 'the-key-of-all' }, kinds, jobKinds: [] });
  return {
    http: config?.connectors[0]?.http,
    // Texts of these tests stand in the file as they are, which is its own warning.
    problems: problems
      .filter(({ code }) => code !== 'config/plain-secret')
      .map((problem) => formatProblem(problem).replace(`${directory}/`, '')),
    secrets: config?.secrets,
  };
}

describe('a way to log in', () => {
  it.each([
    ['{ kind: header, name: X-Key, value: "${env:KEY}" }', { kind: 'header', values: { 'X-Key': 'the-key-of-all' } }],
    [
      '{ kind: header, values: { A: "${env:KEY}", B: b2 } }',
      { kind: 'header', values: { A: 'the-key-of-all', B: 'b2' } },
    ],
    [
      '{ kind: oauth2, tokenUrl: "https://x.example/t", clientId: c, refreshToken: "${env:KEY}", parameters: { audience: a } }',
      {
        kind: 'oauth2',
        tokenUrl: 'https://x.example/t',
        clientId: 'c',
        clientSecret: null,
        refreshToken: 'the-key-of-all',
        scopes: [],
        parameters: { audience: 'a' },
      },
    ],
    [
      '{ kind: sigv4, accessKeyId: A, secretAccessKey: s3cret, region: eu-central-1, service: aps }',
      {
        kind: 'sigv4',
        accessKeyId: 'A',
        secretAccessKey: 's3cret',
        sessionToken: null,
        region: 'eu-central-1',
        service: 'aps',
      },
    ],
  ])('is read from %s', async (auth, expected) => {
    const { http, problems } = await read(`    auth: ${auth}\n`);
    expect(problems).toEqual([]);
    expect(http?.auth).toEqual(expected);
  });

  it('by JWT takes the token endpoint for the audience, and its key out of a file', async () => {
    const { http } = await read(
      '    auth: { kind: jwt, tokenUrl: "https://x.example/t", use: client-assertion, issuer: me, algorithm: PS256, privateKey: "${file:rsa.pem}", claims: { scope: [rest] } }\n',
    );
    expect(http?.auth).toMatchObject({
      kind: 'jwt',
      use: 'client-assertion',
      audience: 'https://x.example/t',
      subject: null,
      claims: { scope: ['rest'] },
      privateKey: expect.stringContaining('BEGIN PRIVATE KEY'),
    });
  });

  it.each([
    ['{ kind: header, values: {} }', 'auth.values: expected at least one header'],
    ['{ kind: header, name: X }', 'auth.value: is required'],
    ['{ kind: header, name: X, value: y234, values: { A: b234 } }', 'auth.values: excludes name and value'],
    ['{ kind: sigv4, accessKeyId: A, secretAccessKey: s3cret, region: x }', 'auth.service: is required'],
    ['{ kind: session, username: u, password: pass }', 'auth.kind: auth session is not known to any; it takes none'],
  ])('%s is refused with its place', async (auth, expected) => {
    const { problems } = await read(`    auth: ${auth}\n`);
    expect(problems.join('\n')).toMatch(/^outturn\.yaml:6:\d+ /);
    expect(problems.join('\n')).toContain(`connectors.shop.${expected}`);
  });

  it('that the kind does not know is refused with those that it takes', async () => {
    const { problems } = await read('    auth: { kind: basic, username: u, password: p234 }\n', 'guarded');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      /^outturn\.yaml:6:19 connectors\.shop\.auth\.kind: auth basic is not known to guarded; it takes session or bearer$/,
    );
  });

  it('must be written where the kind takes nobody without', async () => {
    const { problems } = await read('', 'guarded');
    expect(problems.join('\n')).toMatch(
      /^outturn\.yaml:2:3 connectors\.shop\.auth: is required: guarded takes session/,
    );
  });

  it.each([
    ['RS256', 'weak.pem', /has fewer than 2048 bits/],
    ['RS256', 'ec.pem', /is of type ec \(prime256v1\), but RS256 wants an RSA key/],
    ['ES256', 'rsa.pem', /ES256 wants an EC key of the curve P-256/],
    ['ES256', 'cut.pem', /is cut off: its end line is missing/],
    ['RS256', 'client.pem', /holds no private key/],
    ['ES256', 'locked.key', /is encrypted/],
  ])('by JWT with %s and the key in %s says what is wrong with the key', async (algorithm, file, message) => {
    const { problems } = await read(
      `    auth: { kind: jwt, tokenUrl: "https://x.example/t", issuer: me, algorithm: ${algorithm}, privateKey: "\${file:${file}}" }\n`,
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^outturn\.yaml:6:\d+ connectors\.shop\.auth\.privateKey: the key /);
    expect(problems[0]).toMatch(message);
    expect(problems[0]).not.toContain('BEGIN EC');
  });
});

describe("a client's own certificate", () => {
  it('is read with its key, and its passphrase where it has one', async () => {
    const plain = await read('    tls: { certFile: client.pem, keyFile: client.key }\n');
    expect(plain.problems).toEqual([]);
    expect(plain.http?.tls).toMatchObject({ certFile: join(directory, 'client.pem'), keyPassphrase: null });
    const locked = await read('    tls: { certFile: client.pem, keyFile: locked.key, keyPassphrase: open-it }\n');
    expect(locked.problems).toEqual([]);
    expect((await read('    tls: { caFile: both.pem }\n')).problems).toEqual([]);
    expect(locked.secrets).toContain('open-it');
  });

  it.each([
    ['{ certFile: client.pem }', 'tls.certFile: needs keyFile beside it'],
    ['{ keyFile: client.key }', 'tls.keyFile: needs certFile beside it'],
    ['{ certFile: client.pem, keyFile: ec.pem }', 'tls.keyFile: the file is not the key of the certificate'],
    ['{ certFile: ec.pem, keyFile: ec.pem }', 'tls.certFile: the file holds no certificate'],
    ['{ certFile: client.pem, keyFile: locked.key }', 'tls.keyFile: the file is encrypted, and there is no passphrase'],
    [
      '{ certFile: client.pem, keyFile: locked.key, keyPassphrase: wrong }',
      'tls.keyFile: the file cannot be decrypted with that passphrase',
    ],
    ['{ caFile: ec.pem }', 'tls.caFile: the file holds no certificate'],
    ['{ caFile: broken.pem }', 'tls.caFile: the file holds 2, of which number 2 is broken'],
    ['{ certFile: client.pem, keyFile: none.key }', 'tls.keyFile: the key file cannot be read: there is no such file'],
  ])('%s is refused with its place', async (tls, expected) => {
    const { problems } = await read(`    tls: ${tls}\n`);
    expect(problems.join('\n')).toMatch(/^outturn\.yaml:6:\d+ /);
    expect(problems.join('\n')).toContain(`connectors.shop.${expected}`);
  });
});
