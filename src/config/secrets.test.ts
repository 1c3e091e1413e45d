import { describe, expect, it } from 'vitest';
import type { SecretAnswer, SecretLookup } from '#kit';
import { goodYaml, loadFiles, spoil } from '../../test/factories/config.ts';

const VALUE = 'correct-horse-battery';
const known =
  (values: Record<string, string>): SecretLookup =>
  async (name): Promise<SecretAnswer> => {
    const value = values[name];
    return value === undefined ? { state: 'missing', suggestion: 'SHOP_TOKEN' } : { state: 'known', value };
  };
const lost: SecretLookup = async (name) => ({
  state: 'unreadable',
  code: 'secret/unreadable',
  message: `secret/${name} was encrypted by the key 0123456789ab, which is not given.`,
});
const withToken = spoil('"${env:SHOP_TOKEN}"', '"${secret:SHOP_TOKEN}"');

describe('${secret:NAME}', () => {
  it('is the stored value, in any text and as often as it is named, and never shown', async () => {
    const { config, lines } = await loadFiles(
      spoil('query: sum(failures)', 'query: "a-${secret:Q.1}-${secret:Q.1}", points: "${secret:POINTS}"'),
      { lookUpSecret: known({ 'Q.1': VALUE, POINTS: '250' }) },
    );
    expect(lines).toEqual([]);
    expect(config?.connectors[0]?.streams[0]?.options).toMatchObject({ query: `a-${VALUE}-${VALUE}`, points: 250 });
    expect(config?.secrets).toContain(VALUE);
    expect(config?.connectors[0]?.unreadable).toBeUndefined();
  });

  it('is not looked into for further references, and ${env:} is not for it', async () => {
    const { config } = await loadFiles(spoil('query: sum(failures)', 'query: "${secret:A}${env:B}"'), {
      lookUpSecret: known({ A: '${env:SHOP_TOKEN}' }),
      env: { B: '${secret:A}' },
    });
    expect(config?.connectors[0]?.streams[0]?.options).toMatchObject({ query: '${env:SHOP_TOKEN}${secret:A}' });
  });

  it('that nobody has set is an error at its place, with a near miss and the command that sets it', async () => {
    const { config, lines, problems } = await loadFiles(spoil('"${env:SHOP_TOKEN}"', '"${secret:SHOP_TOKN}"'), {
      lookUpSecret: known({}),
    });
    expect(config).toBeNull();
    expect(problems).toMatchObject([{ code: 'config/missing-secret' }]);
    expect(lines).toEqual([
      'outturn.yaml:8:34 connectors.shop.auth.token: the secret SHOP_TOKN is not set; `outturn secret set SHOP_TOKN` sets it (did you mean "SHOP_TOKEN"?)',
    ]);
  });

  it('with a wrong name is an error that does not repeat it', async () => {
    for (const name of ['', 'a b', '1x', 'hunter2/secret', 'x'.repeat(64), '${env:X']) {
      const { lines } = await loadFiles(spoil('"${env:SHOP_TOKEN}"', `"\${secret:${name}}"`));
      expect(lines[0]).toMatch(/^outturn\.yaml:8:34 connectors\.shop\.auth\.token: \$\{secret:NAME\} takes a name/);
      if (name !== '') expect(lines.join()).not.toContain(name);
    }
  });

  it('a value that does not fit is an error that does not show it', async () => {
    const { lines } = await loadFiles(spoil('step: 1h', 'step: "${secret:STEP}"'), {
      lookUpSecret: known({ STEP: VALUE }),
    });
    expect(lines).toEqual([expect.stringContaining('found what ${secret:STEP} gives')]);
    expect(lines.join()).not.toContain(VALUE);
  });

  it('each line of a private key is known as a secret', async () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(64)}\n${'B'.repeat(30)}\n-----END PRIVATE KEY-----`;
    const { config } = await loadFiles(spoil('query: sum(failures)', 'query: "${secret:KEY}"'), {
      lookUpSecret: known({ KEY: key }),
    });
    expect(config?.secrets).toEqual(expect.arrayContaining(['A'.repeat(64), 'B'.repeat(30)]));
    expect(config?.secrets).not.toContain('-----BEGIN PRIVATE KEY-----');
  });
});

describe('without a database', () => {
  it('a secret counts as there, whatever the field: address, number, duration, switch, choice', async () => {
    for (const [from, to] of [
      ['url: http://127.0.0.1:9090', 'url: "${secret:X}"'],
      ['step: 1h', 'step: "${secret:X}"'],
      ['step: 1h', 'step: 1h, points: "${secret:X}", exact: "${secret:Y}"'],
      ['kind: bearer, token: "${env:SHOP_TOKEN}"', 'kind: bearer, token: "Bearer ${secret:X}"'],
      ['timeZone: Europe/Berlin', 'timeZone: "${secret:X}"'],
      ['tls: none', 'tls: "${secret:X}"'],
      ['port: 2525', 'port: "${secret:X}"'],
    ] as const) {
      const { config, lines, secretUses } = await loadFiles(spoil(from, to));
      expect(lines, to).toEqual([]);
      expect(config, to).not.toBeNull();
      expect(secretUses.length, to).toBe((to.match(/secret:/g) ?? []).length);
    }
  });

  it('everything else is checked all the same', async () => {
    const { lines } = await loadFiles(spoil('step: 1h', 'step: "${secret:X}", colour: red, points: many'));
    expect(lines).toEqual([
      expect.stringContaining('unknown key "colour"'),
      expect.stringContaining('points: expected'),
    ]);
  });

  it('each use is told with its place and connector, also when the rest is broken', async () => {
    const { config, secretUses } = await loadFiles({
      'outturn.yaml': goodYaml
        .replace('"${env:SHOP_TOKEN}"', '"${secret:SHOP_TOKEN}"')
        .replace('kind: ledger', 'kind: leger'),
      'slack.yaml': 'settings: { slack: { token: "${secret:SLACK}" } }',
    });
    expect(config).toBeNull();
    expect(secretUses).toMatchObject([
      { name: 'SHOP_TOKEN', line: 8, column: 34, path: 'connectors.shop.auth.token', connector: 'shop' },
      { name: 'SLACK', line: 1, path: 'settings.slack.token', connector: null },
    ]);
  });
});

describe('a secret that cannot be decrypted', () => {
  it('stops its connector, channel or the API, and nothing else', async () => {
    const { config, lines } = await loadFiles(
      {
        ...withToken,
        'more.yaml':
          'settings: { slack: { token: "${secret:SLACK}" }, api: { token: "${secret:API_TOKEN}-and-more-characters" } }',
      },
      { lookUpSecret: lost },
    );
    expect(lines).toEqual([]);
    expect(config?.connectors.map(({ id, unreadable }) => [id, unreadable?.code, unreadable?.message])).toEqual([
      [
        'shop',
        'secret/unreadable',
        'connectors.shop.auth.token needs a secret that cannot be had: secret/SHOP_TOKEN was encrypted by the key 0123456789ab, which is not given.',
      ],
      ['books', undefined, undefined],
    ]);
    expect(Object.keys(config?.settings.unreadable ?? {}).sort()).toEqual(['api', 'slack']);
  });

  it('is an error where nothing could go on without it', async () => {
    const { config, problems } = await loadFiles(spoil('name: Checkout', 'name: "${secret:NAME}"'), {
      lookUpSecret: lost,
    });
    expect(config).toBeNull();
    expect(problems).toMatchObject([{ code: 'secret/unreadable', path: 'projects.checkout.name' }]);
  });
});
