import { randomUUID } from 'node:crypto';
import { Decimal } from 'decimal.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Project, startOfDayMs } from '#domain';
import { deliverMessage } from '#jobs/deliver-message';
import { sendDigest } from '#jobs/send-digest';
import {
  type Config,
  composeDigest,
  type JobContext,
  type JobPorts,
  type OutgoingMessage,
  type StakeholderConfig,
  type Store,
  type SubscriptionConfig,
} from '#kit';
import { createIntentResolver } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { baselineOf, byTest, costWith, draftsOf, metricWith, projectWith } from '../test/factories/value.ts';
import { silentLog, type TestDatabase, testDatabase } from '../test/harness/database.ts';

const DAY = 86_400_000;
const START_MS = Date.parse('2026-02-02T08:00:00Z');
let nowMs = START_MS;
let database: TestDatabase;
let store: Store;
let config: Config;
const messages: OutgoingMessage[] = [];

const projectOf = (id: string, cost: string, more: Partial<Project> = {}): Project =>
  projectWith(
    [
      metricWith({
        baseline: baselineOf('100'),
        claimKey: 'failed-checkouts',
        attribution: '0.8',
        freshnessLimitMs: 7 * DAY,
      }),
    ],
    { id, name: id.toUpperCase(), portfolio: 'shop', manualCosts: [costWith({ amount: cost })], ...more },
  );
const person = (more: Partial<StakeholderConfig> = {}): StakeholderConfig => ({
  ...{ id: 'ada', name: 'Ada', role: 'sponsor', email: 'ada@example.com', slackId: null, timeZone: 'Europe/Berlin' },
  ...{ locale: 'en-GB', currency: null, scopes: null },
  ...more,
});
const targetOf = ({ id, name, email }: StakeholderConfig) =>
  ({ channel: 'email', address: email ?? '', name, stakeholder: id }) as const;

let subscriptions = 0;
function subscribe(more: Partial<SubscriptionConfig> = {}, stakeholders = [person()]): SubscriptionConfig {
  const subscription: SubscriptionConfig = {
    ...{ id: `monthly-${++subscriptions}`, project: null, portfolio: 'shop', targets: stakeholders.map(targetOf) },
    ...{
      schedule: null,
      timeZone: 'Europe/Berlin',
      locale: 'en-GB',
      when: 'always',
      thresholds: null,
      heartbeat: null,
    },
    ...more,
  };
  const portfolios = [
    { id: 'shop', name: 'Shop', currency: 'EUR', discount: null },
    { id: 'empty', name: 'Empty', currency: 'EUR', discount: null },
  ];
  const settings = { publicUrl: 'https://outturn.example.com', api: { token: 't' } };
  config = {
    settings,
    projects: [],
    connectors: [],
    fxRates: [],
    portfolios,
    stakeholders,
    subscriptions: [subscription],
  } as unknown as Config;
  return subscription;
}
function ports(): JobPorts {
  return {
    ...{ config, store, clock: { nowMs: () => nowMs }, log: silentLog, newId: randomUUID },
    ...{ registry: { connectorKind: () => undefined }, redact: (text: string) => text },
    metrics: { deliveryFinished: () => undefined },
    messenger: {
      deliver: async (message: OutgoingMessage) => {
        messages.push(message);
        return { state: 'sent', messageId: message.idempotencyKey };
      },
    },
  } as unknown as JobPorts;
}
const context = (): JobContext => ({
  ...{ jobId: 'job', attempt: 1, fence: { jobId: 'job', token: 1 }, signal: new AbortController().signal },
  ...{ ports: ports(), progress: () => undefined },
});
interface Result {
  state: string;
  digestId?: string;
  deliveries: string[];
  reason?: { because: string; figures?: { figure: string }[] };
  refused?: string[];
}
async function digest(slot: string): Promise<Result> {
  nowMs += 60_000;
  return (await sendDigest.run(
    { subscription: config.subscriptions[0]?.id ?? '', slot },
    context(),
  )) as unknown as Result;
}
const rowOf = async ({ digestId = '' }: Result) => {
  const row = await store.digests.get(digestId);
  if (row === null) throw new Error('no digest');
  return row;
};
/** The costs of A and B, in force from now on. */
async function costs(a: string, b: string): Promise<void> {
  nowMs += 60_000;
  await store.projects.apply(draftsOf(projectOf('a', a), projectOf('b', b)), byTest);
}

/** A value for each day of January, as the source tells it now. */
async function samples(value: number): Promise<void> {
  const rows = Array.from({ length: 32 }, (_, index) => ({
    ...{
      labels: {},
      unit: 'failures',
      atMs: startOfDayMs('2026-01-01', 'Europe/Berlin') + index * DAY,
      durationMs: DAY,
    },
    ...{ value, status: 'final' as const, pageHash: 'a'.repeat(64) },
  }));
  nowMs += 60_000;
  await store.measurements.ingest({ connector: 'shop', stream: 'failures', pullId: 'p', observedAtMs: nowMs, rows });
}

beforeAll(async () => {
  database = await testDatabase();
  const resolver = createIntentResolver([deliverMessage, sendDigest]);
  const clock = { nowMs: () => nowMs };
  store = await openStore({
    url: database.url,
    resolver,
    clock,
    newId: randomUUID,
    log: silentLog,
    applicationName: 'test',
  });
  await samples(1);
});
afterAll(async () => {
  await store?.close();
  await database?.close();
});
beforeEach(async () => {
  nowMs = Math.max(nowMs, START_MS);
  messages.length = 0;
  await costs('100', '50');
});

describe('a subscription to a portfolio', () => {
  it('sends the roll-up, which is stored and which the digest refers to', async () => {
    const { id } = subscribe();
    const result = await digest('w1');
    expect(result).toMatchObject({ state: 'composed', reason: { because: 'always' } });
    const row = await rowOf(result);
    expect(row).toMatchObject({ projectId: null, portfolioId: 'shop', snapshotId: null, subscription: id });
    const snapshot = await store.portfolios.get(row.portfolioSnapshotId ?? '');
    const { facts } = row;
    expect(facts).toMatchObject({ projectName: 'Shop', snapshotId: snapshot?.id, metrics: [], links: [] });
    expect(facts.headline).toMatchObject({
      npv: snapshot?.outputs.npv,
      basis: expect.stringMatching(/^2 of 2 projects/),
    });
    expect(facts.projects?.map(({ name, excludedBecause }) => [name, excludedBecause])).toEqual([
      ['A', null],
      ['B', null],
    ]);
    expect(Number(facts.projects?.[0]?.claimReduction)).toBeGreaterThan(0);
    expect(facts.alerts).toEqual([expect.stringContaining('failed-checkouts is claimed 160% (A 80%, B 80%)')]);
    for (const deliveryId of result.deliveries) await deliverMessage.run({ deliveryId }, context());
    expect(messages.map(({ address, facts: sent }) => [address, sent.projects?.length])).toEqual([
      ['ada@example.com', 2],
    ]);
  });

  it('says by how much each project moved it since the digest sent last, exactly', async () => {
    subscribe();
    await digest('w1');
    nowMs += DAY;
    await costs('130', '49.5');
    const { facts } = await rowOf(await digest('w2'));
    expect(facts.comparedWith).toBe('2026-02-02');
    expect(facts.moved).toEqual([
      { cause: 'A', amount: '-30' },
      { cause: 'B', amount: '0.5' },
    ]);
    const sum = facts.moved.reduce((total, { amount }) => total.plus(amount), new Decimal(facts.otherMoves ?? 0));
    expect([facts.netChange, sum.toFixed()]).toEqual(['-29.5', '-29.5']);
  });

  it('tells what a source has corrected since, as each project had it then', async () => {
    subscribe();
    await digest('w1');
    await samples(2);
    const { facts } = await rowOf(await digest('w2'));
    expect(facts.restatements.map(({ metric, period, why }) => [metric, period, why])).toEqual([
      ['A: Failed checkouts', '2026-01-01', expect.stringContaining('the source corrected its samples')],
      ['B: Failed checkouts', '2026-01-01', expect.stringContaining('the source corrected its samples')],
    ]);
    expect((await rowOf(await digest('w3'))).facts.restatements).toEqual([]);
    await samples(1);
  });

  it('goes out when it changed, and when thresholds are reached', async () => {
    subscribe({ when: 'threshold', thresholds: { cost: '20' } });
    expect((await digest('w1')).reason).toEqual({ because: 'first' });
    await costs('110', '50');
    expect((await digest('w2')).state).toBe('unchanged');
    await costs('120', '50');
    expect((await digest('w3')).reason).toEqual({ because: 'threshold', figures: [{ figure: 'cost', by: '20' }] });
    subscribe({ when: 'changed', heartbeat: 1 });
    await digest('w1');
    expect((await digest('w2')).state).toBe('unchanged');
    expect((await digest('w3')).reason).toEqual({ because: 'heartbeat' });
    await costs('900', '50');
    expect((await digest('w4')).reason).toEqual({ because: 'changed' });
  });

  it('is one for each slot: the job run again stores nothing more', async () => {
    subscribe();
    const first = await digest('w1');
    await costs('7', '8');
    const stored = (await store.portfolios.history('shop', 100)).length;
    const again = await digest('w1');
    expect([again.digestId, again.deliveries]).toEqual([first.digestId, first.deliveries]);
    expect(await store.portfolios.history('shop', 100)).toHaveLength(stored);
  });

  it('is converted for a reader of another currency', async () => {
    const rate = { from: 'EUR', to: 'USD', rate: '2', validFrom: '2025-01-01', validTo: null, source: 'treasury' };
    await store.fx.applyConfigured([rate], byTest);
    subscribe({}, [person({ currency: 'USD' })]);
    const { facts } = await rowOf(await digest('w1'));
    expect(facts.conversions).toMatchObject([{ currency: 'USD', costToDate: '300' }]);
  });

  it('is for whom the portfolio is in scope, not for whom a project of it is', async () => {
    const whole = person({ scopes: { projects: [], portfolios: ['shop'] } });
    const part = person({ id: 'bob', email: 'bob@example.com', scopes: { projects: ['a', 'b'], portfolios: [] } });
    subscribe({}, [whole, part]);
    expect(await digest('w1')).toMatchObject({ refused: ['bob'], deliveries: [expect.any(String)] });
    subscribe({}, [part]);
    await expect(digest('w1')).rejects.toMatchObject({
      message: expect.stringContaining('told of shop: it is outside'),
    });
  });

  it('compares with nothing that was about something else before', async () => {
    const { id } = subscribe();
    await digest('w1');
    subscribe({ id, portfolio: 'empty' });
    const { facts } = await rowOf(await digest('w2'));
    expect(facts).toMatchObject({ comparedWith: null, headline: null, projects: [] });
    expect(facts.headlineAbsentBecause).toContain('No project belongs to this portfolio');
  });

  it('is previewed without a trace', async () => {
    const subscription = subscribe();
    await costs('3', '4');
    const stored = (await store.portfolios.history('shop', 100)).length;
    const { facts } = await composeDigest(ports(), subscription, { notice: null });
    expect(facts).toMatchObject({ snapshotId: null, cost: { toDate: '7' } });
    expect(await store.portfolios.history('shop', 100)).toHaveLength(stored);
    expect(await store.digests.latest(subscription.id)).toBeNull();
  });

  it('withholds its headline while a counted project has no fresh data, and says which', async () => {
    subscribe();
    nowMs += 30 * DAY;
    const { facts } = await rowOf(await digest('w1'));
    expect([facts.headline, facts.moved, facts.chart]).toEqual([null, [], []]);
    expect(facts.headlineAbsentBecause).toMatch(/^Fresh data are missing for A: .*; B: /);
    expect(facts.projects?.map(({ stale }) => stale)).toEqual([true, true]);
  });
});
