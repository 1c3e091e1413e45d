import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FxRate, RoiOutputs } from '#domain';
import { deliverMessage } from '#jobs/deliver-message';
import { sendDigest } from '#jobs/send-digest';
import type { Config, JobContext, JobPorts, OutgoingMessage, StakeholderConfig, Store, SubscriptionConfig } from '#kit';
import { createIntentResolver } from '#src/queue/index';
import { createRenderer } from '#src/render/index';
import { openStore } from '#src/store/index';
import { NOW_MS, project, roiOutputs } from '../test/factories/digest.ts';
import { byTest, draftsOf } from '../test/factories/value.ts';
import { silentLog, type TestDatabase, testDatabase } from '../test/harness/database.ts';

let database: TestDatabase;
let store: Store;
let nowMs: number;
let ids = 0;
const newId = () => `id-${++ids}`;
const messages: OutgoingMessage[] = [];

const person = (more: Partial<StakeholderConfig>): StakeholderConfig => ({
  id: 'sponsor',
  name: 'Ada',
  role: 'sponsor',
  email: 'ada@example.com',
  slackId: null,
  timeZone: 'Europe/Berlin',
  locale: 'en-GB',
  currency: null,
  scopes: null,
  ...more,
});
const targetOf = ({ id, name, email }: StakeholderConfig) =>
  ({ channel: 'email', address: email ?? '', name, stakeholder: id }) as const;

/** Each test has a subscription of its own, so that none sees the digests of another. */
let subscriptions = 0;
let config: Config;
function subscribe(more: Partial<SubscriptionConfig>, stakeholders: StakeholderConfig[] = [person({})]): void {
  const subscription: SubscriptionConfig = {
    id: `weekly-${++subscriptions}`,
    project: 'checkout-rewrite',
    portfolio: null,
    targets: stakeholders.map(targetOf),
    schedule: '0 8 * * 1',
    timeZone: 'Europe/Berlin',
    locale: 'en-GB',
    when: 'always',
    thresholds: null,
    heartbeat: null,
    ...more,
  };
  const settings = { publicUrl: null, api: { token: null } };
  config = { settings, projects: [project()], stakeholders, subscriptions: [subscription] } as unknown as Config;
}

function context(): JobContext {
  const ports = {
    config,
    store,
    clock: { nowMs: () => nowMs },
    log: silentLog,
    newId,
    redact: (text: string) => text,
    metrics: { deliveryFinished: () => undefined },
    messenger: {
      deliver: async (message: OutgoingMessage) => {
        messages.push(message);
        return { state: 'sent', messageId: message.idempotencyKey };
      },
    },
  } as unknown as JobPorts;
  const { signal } = new AbortController();
  return { jobId: 'job', attempt: 1, fence: { jobId: 'job', token: 1 }, signal, ports, progress: () => undefined };
}

beforeAll(async () => {
  database = await testDatabase();
  const resolver = createIntentResolver([deliverMessage, sendDigest]);
  const clock = { nowMs: () => nowMs };
  nowMs = NOW_MS;
  store = await openStore({ url: database.url, resolver, clock, newId, log: silentLog, applicationName: 'test' });
  await store.projects.apply(draftsOf(project()), byTest);
});
afterAll(async () => {
  await store.close();
  await database.close();
});
beforeEach(() => {
  nowMs = NOW_MS;
  messages.length = 0;
});

let versions = 0;
async function figures(outputs: Partial<RoiOutputs>): Promise<void> {
  nowMs += 1;
  const full = roiOutputs({ metrics: roiOutputs().metrics.map((metric) => ({ ...metric, target: null })), ...outputs });
  const row = { id: newId(), projectId: 'checkout-rewrite', asOf: full.asOf, knownAtMs: NOW_MS, outputs: full };
  await store.snapshots.save({ ...row, engineVersion: '1', inputsHash: `hash-${++versions}` });
}
interface Result {
  state: string;
  digestId?: string;
  deliveries: string[];
  reason?: { because: string; figures?: unknown[] };
  refused?: string[];
}
async function digest(slot: string, test = false): Promise<Result> {
  nowMs += 1;
  const [subscription] = config.subscriptions;
  return (await sendDigest.run({ subscription: subscription?.id ?? '', slot, test }, context())) as unknown as Result;
}
const factsOf = async ({ digestId = '' }: Result) => (await store.digests.get(digestId))?.facts;
async function deliver({ deliveries }: Result): Promise<OutgoingMessage[]> {
  for (const deliveryId of deliveries) await deliverMessage.run({ deliveryId }, context());
  return messages;
}

describe('a subscription with thresholds', () => {
  const thresholds = { roiPoints: '2', npv: '10000' };

  it('is told first, then when figures moved enough since the digest that was sent last', async () => {
    subscribe({ when: 'threshold', thresholds });
    await figures({ roi: '0.40', npv: '100000' });
    expect(await digest('w1')).toMatchObject({ state: 'composed', reason: { because: 'first' } });
    await figures({ roi: '0.413', npv: '104000' });
    expect(await digest('w2')).toMatchObject({ state: 'unchanged', since: 'w1', deliveries: [] });
    await figures({ roi: '0.426', npv: '109000' });
    const third = await digest('w3');
    expect(third.reason).toEqual({ because: 'threshold', figures: [{ figure: 'roiPoints', by: '2.6' }] });
    expect((await factsOf(third))?.headline?.roiChange).toBe('0.026');
    expect((await digest('w4')).state).toBe('unchanged');
  });

  it('is not held back by a test: that is always sent, and never what the next is compared with', async () => {
    subscribe({ when: 'threshold', thresholds });
    await figures({ roi: '0.40', npv: '100000' });
    await digest('w1');
    await figures({ roi: '0.60', npv: '100000' });
    expect((await digest('t', true)).reason).toEqual({ because: 'test' });
    expect((await digest('w2')).reason).toMatchObject({ because: 'threshold' });
  });

  it('is told while data are stale, however little moved', async () => {
    subscribe({ when: 'threshold', thresholds });
    await figures({});
    await digest('w1');
    nowMs += 30 * 86_400_000;
    expect((await digest('w2')).reason).toEqual({ because: 'alert' });
    expect((await digest('w3')).reason).toEqual({ because: 'alert' });
  });

  it('gets the same digest when the job runs again', async () => {
    subscribe({ when: 'threshold', thresholds });
    await figures({});
    const first = await digest('w1');
    await digest('w2');
    const again = await digest('w1');
    expect([again.digestId, again.deliveries]).toEqual([first.digestId, first.deliveries]);
  });
});

describe('a heartbeat', () => {
  it('sends a digest after so many silent slots, says that nothing changed, and begins to count anew', async () => {
    subscribe({ when: 'changed', heartbeat: 2 });
    await figures({});
    await digest('w1');
    const states: string[] = [];
    for (const slot of ['w2', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7']) states.push((await digest(slot)).state);
    expect(states).toEqual(['unchanged', 'unchanged', 'unchanged', 'composed', 'unchanged', 'unchanged', 'composed']);
    const beat = await digest('w4');
    expect((await factsOf(beat))?.notice).toMatch(/^Nothing changed since the digest of 14 Sep 2026, .* alive\.$/);
  });

  it('is not needed where figures move', async () => {
    subscribe({ when: 'threshold', thresholds: { roiPoints: '1' }, heartbeat: 1 });
    await figures({ roi: '0.1' });
    await digest('w1');
    await digest('w2');
    await figures({ roi: '0.3' });
    const third = await digest('w3');
    expect(third.reason).toMatchObject({ because: 'threshold' });
    expect((await factsOf(third))?.notice).toBeNull();
  });
});

describe("the reader's currency", () => {
  const usd = person({ id: 'us', name: 'Grace', email: 'grace@example.com', currency: 'USD' });
  const gbp = person({ id: 'uk', name: 'Alan', email: 'alan@example.com', currency: 'GBP' });
  const rate = (to: string, value: string): FxRate => ({
    ...{ from: 'EUR', to, rate: value, validFrom: '2026-01-01', validTo: null, source: 'treasury' },
  });

  it('stands beside the original, at the rate of the date of the figures, for that reader alone', async () => {
    await store.fx.applyConfigured([rate('USD', '1.25')], { by: 'test' });
    subscribe({}, [person({}), usd, person({ id: 'eu', email: 'eu@example.com', currency: 'EUR' })]);
    await figures({ npv: '1000', benefitToDate: '200', costToDate: '100' });
    const sent = await deliver(await digest('w1'));
    const conversionsOf = (address: string) => sent.find((message) => message.address === address)?.facts.conversions;
    expect(conversionsOf('grace@example.com')).toEqual([
      {
        currency: 'USD',
        rate: { value: '1.25', date: '2026-09-14', source: 'treasury' },
        npv: '1250',
        benefitToDate: '250',
        costToDate: '125',
      },
    ]);
    expect([conversionsOf('ada@example.com'), conversionsOf('eu@example.com')]).toEqual([[], []]);
    const facts = sent.find(({ address }) => address === 'grace@example.com')?.facts;
    const renderer = createRenderer();
    const { text } = await renderer.mail(facts ?? sent[0]!.facts, { test: false });
    await renderer.close();
    expect(text.replace(/\s+/g, ' ')).toContain('In USD: NPV US$1,250, benefit to date US$250');
    expect(text.indexOf('€1,000')).toBeLessThan(text.indexOf('US$1,250'));
  });

  it('without a rate is not shown, and that is said', async () => {
    subscribe({}, [gbp]);
    await figures({});
    const [sent] = await deliver(await digest('w1'));
    expect(sent?.facts.conversions).toMatchObject([{ currency: 'GBP', rate: null, npv: null }]);
    const renderer = createRenderer();
    const { text } = await renderer.mail(sent!.facts, { test: false });
    await renderer.close();
    expect(text.replace(/\s+/g, ' ')).toContain('Not shown in GBP: there is no exchange rate for 14 Sep 2026.');
  });

  it('never makes a digest count as changed', async () => {
    await store.fx.applyConfigured([rate('USD', '1.25')], { by: 'test' });
    subscribe({ when: 'changed' }, [usd]);
    await figures({});
    await digest('w1');
    await store.fx.applyConfigured([rate('USD', '1.5')], { by: 'test' });
    expect((await digest('w2')).state).toBe('unchanged');
  });
});

describe('scopes', () => {
  const elsewhere = person({
    id: 'plant',
    email: 'plant@example.com',
    scopes: { projects: [], portfolios: ['plant'] },
  });

  it('keep a project from whom it is not for, though it moved to another portfolio since the check', async () => {
    subscribe({}, [person({ scopes: { projects: [], portfolios: ['shop'] } }), elsewhere]);
    await figures({});
    const result = await digest('w1');
    expect(result.refused).toEqual(['plant']);
    expect((await deliver(result)).map(({ address }) => address)).toEqual(['ada@example.com']);
  });

  it('that leave nobody fail the job, with the way out', async () => {
    subscribe({}, [elsewhere]);
    await expect(digest('w1')).rejects.toMatchObject({
      code: 'config/invalid-value',
      message: expect.stringContaining('outside the scopes of plant'),
      hint: expect.stringContaining('Widen the scopes'),
    });
  });
});

describe('people of a digest', () => {
  it('are named: a sponsor who is a stakeholder, and who got each delivery', async () => {
    subscribe({});
    await store.people.apply(config);
    await store.projects.apply(draftsOf(project({ sponsor: 'sponsor' })), byTest);
    await figures({});
    const result = await digest('w1');
    expect((await factsOf(result))?.sponsor).toBe('Ada');
    expect(await store.deliveries.get(result.deliveries[0] ?? '')).toMatchObject({ stakeholder: 'sponsor' });
  });
});
