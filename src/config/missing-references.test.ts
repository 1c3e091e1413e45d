import { describe, expect, it } from 'vitest';
import { goodYaml, testKinds } from '../../test/factories/config.ts';
import { type LoadInput, loadConfig } from './index.ts';

const load = (missing: LoadInput['missing'], text = goodYaml) =>
  loadConfig({
    directory: '/nowhere',
    env: {},
    files: [{ name: 'outturn.yaml', text }],
    kinds: testKinds,
    jobKinds: ['pull', 'recompute-roi', 'send-digest'],
    missing,
  });

describe('a variable that a connector needs and nobody set', () => {
  it('is an error where the configuration is checked', async () => {
    const { config, problems } = await load('problem');
    expect(config).toBeNull();
    expect(problems).toEqual([expect.objectContaining({ code: 'config/missing-variable', severity: 'error' })]);
  });

  it('stops that connector alone, and says where it is missing', async () => {
    const { config, problems, secretUses } = await load('stops');
    expect(problems).toEqual([]);
    expect(secretUses).toEqual([]);
    const [shop, books] = config?.connectors ?? [];
    expect(shop?.unreadable).toMatchObject({
      code: 'config/missing-variable',
      message: expect.stringMatching(/^outturn\.yaml:\d+:\d+ connectors\.shop\.auth\.token: .*SHOP_TOKEN is not set/),
    });
    expect(books?.unreadable).toBeUndefined();
  });

  it.each([
    ['a schedule', 'schedule: "${env:CRON}"', 'schedule'],
    ['part of a schedule', 'schedule: "${env:MINUTE} * * * *"', 'schedule'],
    ['how far back pulls look', 'lookback: "${env:LOOKBACK}"', 'lookback'],
  ])('keeps everything from working where figures or schedules rest on it: %s', async (_, line, key) => {
    const text = goodYaml.replace(/ {4}auth: .*SHOP_TOKEN.*\n/, `    ${line}\n`);
    expect(text).not.toBe(goodYaml);
    const { config, problems } = await load('stops', text);
    expect(config).toBeNull();
    expect(problems).toEqual([
      expect.objectContaining({
        code: 'config/missing-variable',
        path: `connectors.shop.${key}`,
        message: expect.stringContaining('nothing goes on without it'),
      }),
    ]);
  });

  it('counts as there where only the files are looked at', async () => {
    const { config, problems } = await load('counts');
    expect(problems).toEqual([]);
    expect(config?.connectors.map(({ unreadable }) => unreadable)).toEqual([undefined, undefined]);
  });

  it('keeps everything from working where it stands outside of a connector', async () => {
    const { config, problems } = await load(
      'stops',
      goodYaml.replace('timeZone: Europe/Berlin', 'timeZone: "${env:ZONE}"'),
    );
    expect(config).toBeNull();
    expect(problems.map(({ code, path }) => [code, path])).toEqual([['config/missing-variable', 'settings.timeZone']]);
  });
});
