import { describe, expect, it } from 'vitest';
import { type Config, type ConnectorsPlan, connectorDrafts, planConnectors, streamIdentity } from '#kit';
import { meter } from '../../test/factories/config.ts';
import { loadConfig } from './index.ts';

/** A vendor that documents limits for tenants of its own cloud. */
const governed = {
  ...meter,
  defaults: ({ tenant }: { tenant?: string | undefined }) =>
    tenant === undefined ? {} : { timeoutMs: 480_000, concurrency: 5, requestsPerMinute: 1200 },
};

async function load(settings: string, kind: typeof meter = governed): Promise<Config> {
  const text = `
settings: { timeZone: UTC }
accounts: { shared: { concurrency: 3 } }
connectors:
  shop:
    kind: meter
    url: https://shop.example.com
    streams: { failures: { query: failures, step: 1h, unit: failures } }
${settings
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}`;
  const { config, problems } = await loadConfig({
    directory: '/nowhere',
    env: {},
    files: [{ name: 'outturn.yaml', text }],
    kinds: [kind],
    jobKinds: [],
  });
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  if (config === null) throw new Error('not loaded');
  return config;
}
const limits = async (settings: string) => {
  const http = (await load(settings)).connectors[0]?.http;
  return [http?.timeoutMs, http?.budget.concurrency, http?.budget.requestsPerMinute];
};

describe('limits that a vendor documents', () => {
  it.each([
    ['are in force where nothing is written', 'tenant: a', [480_000, 5, 1200]],
    ['give way to a time-out that is written', 'tenant: a\ntimeout: 45s', [45_000, 5, 1200]],
    ['give way to the part of a budget that is written', 'tenant: a\nbudget: { concurrency: 1 }', [480_000, 1, 1200]],
    [
      'give way to the very value that is usual',
      'tenant: a\nbudget: { concurrency: 2 }\ntimeout: 30s',
      [30_000, 2, 1200],
    ],
    ['give way to those of an account', 'tenant: a\naccount: shared', [480_000, 3, null]],
    ['are not assumed of another service', 'apiKey: "${env:X:-x}"', [30_000, 2, null]],
  ])('%s', async (_, settings, expected) => {
    expect(await limits(settings)).toEqual(expected);
  });
});

describe('a release that learns limits of a vendor', () => {
  const kindOf = (kind: string) => (kind === 'meter' ? governed : undefined);
  async function planned(before: Config, after: Config, recordedBy: typeof meter = meter): Promise<ConnectorsPlan> {
    const [old] = connectorDrafts(before, () => recordedBy);
    if (old === undefined) throw new Error('no connector');
    const version = { connector: 'shop', kind: 'meter', version: 1, isRetired: false, secretsFingerprint: null };
    return await planConnectors(
      {
        connectors: {
          inForce: async () => [{ ...version, definition: old.definition }],
          identities: async () => old.identities.map((each) => ({ ...each, connector: 'shop', sinceMs: 0 })),
        },
        watermarks: { list: async () => [] },
        projects: { list: async () => [] },
      } as unknown as Parameters<typeof planConnectors>[0],
      connectorDrafts(after, kindOf),
    );
  }

  it('changes no running connector, and no stream is read anew', async () => {
    const before = await load('tenant: a', meter);
    const after = await load('tenant: a');
    const plan = await planned(before, after);
    expect(plan.connectors[0]).toMatchObject({ action: 'none', changes: [] });
    const [old, now] = [before, after].map(({ connectors: [connector] }) => connector);
    if (old?.streams[0] === undefined || now?.streams[0] === undefined) throw new Error('no stream');
    expect(streamIdentity(now, now.streams[0], governed)).toBe(streamIdentity(old, old.streams[0], governed));
  });

  it('the plan names them, and still tells when the operator takes an own value out', async () => {
    const plan = await planned(await load('tenant: a\ntimeout: 60s', meter), await load('tenant: a'));
    expect(plan.connectors[0]).toMatchObject({
      action: 'change',
      changes: [{ place: 'timeout', before: '1m', after: '8m' }],
      limitsOfKind: { timeoutMs: 480_000, concurrency: 5, requestsPerMinute: 1200 },
    });
  });

  it('the plan also tells when the operator takes out the value that other kinds have', async () => {
    const plan = await planned(await load('tenant: a\ntimeout: 30s'), await load('tenant: a'), governed);
    expect(plan.connectors[0]).toMatchObject({
      action: 'change',
      changes: [{ place: 'timeout', before: '30s', after: '8m' }],
    });
  });

  it('durations of a stream are worded as they are written', async () => {
    const before = await load('tenant: a');
    const after = await load('tenant: a');
    Object.assign(after.connectors[0]?.streams[0]?.options as object, { step: 1_800_000, points: 3_600_000 });
    const plan = await planned(before, after);
    expect(plan.connectors[0]?.streams[0]?.changes).toEqual([
      { place: 'step', before: '1h', after: '30m' },
      { place: 'points', before: '100', after: '3600000' },
    ]);
  });
});
