import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StakeholderConfig, SubscriptionConfig } from '#kit';
import { digestFacts } from '../../factories/digest.ts';
import { type StoreFixture, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
let client: Client;
beforeAll(async () => {
  fixture = await storeFixture();
  client = new Client({ connectionString: fixture.database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await fixture.close();
});
beforeEach(async () => {
  await client.query('TRUNCATE stakeholder, subscription, digest CASCADE');
});

const person = (more: Partial<StakeholderConfig> = {}): StakeholderConfig => ({
  id: 'sponsor',
  name: 'Head of Commerce',
  role: 'sponsor',
  email: 'sponsor@example.com',
  slackId: 'U0001',
  timeZone: 'Europe/Berlin',
  locale: 'en-GB',
  currency: 'USD',
  scopes: { projects: ['checkout'], portfolios: ['shop'] },
  ...more,
});
const weekly = (more: Partial<SubscriptionConfig> = {}): SubscriptionConfig => ({
  id: 'weekly',
  project: 'checkout',
  portfolio: null,
  targets: [
    { channel: 'email', address: 'sponsor@example.com', name: 'Head of Commerce', stakeholder: 'sponsor' },
    { channel: 'slack', address: 'C0001', name: '#it-value', stakeholder: null },
  ],
  schedule: '0 8 * * 1',
  timeZone: 'Europe/Berlin',
  locale: 'en-GB',
  when: 'threshold',
  thresholds: { npv: '10000.5', roiPoints: '2' },
  heartbeat: 4,
  ...more,
});
const nothing = { created: [], changed: [], retired: [] };

describe('stakeholders and subscriptions in the database', () => {
  it('are read as they were written; writing the same again changes nothing', async () => {
    const { people } = fixture.store;
    const config = {
      stakeholders: [
        person(),
        person({ id: 'council', role: { other: 'Works council' }, scopes: null, currency: null }),
      ],
      subscriptions: [
        weekly(),
        weekly({ id: 'always', when: 'always', thresholds: null, heartbeat: null, schedule: null }),
        weekly({ id: 'monthly', project: null, portfolio: 'shop' }),
      ],
    };
    expect(await people.apply(config)).toEqual({
      stakeholders: { ...nothing, created: ['sponsor', 'council'] },
      subscriptions: { ...nothing, created: ['weekly', 'always', 'monthly'] },
    });
    expect(await people.apply(config)).toEqual({ stakeholders: nothing, subscriptions: nothing });
    const [council, sponsor] = await people.stakeholders();
    expect([sponsor, council]).toEqual(config.stakeholders.map((each) => ({ ...each, retiredAtMs: null })));
    const [, monthly, stored] = await people.subscriptions();
    expect(monthly).toMatchObject({ project: null, portfolio: 'shop' });
    expect(stored).toMatchObject({ thresholds: { npv: '10000.5', roiPoints: '2' }, heartbeat: 4, retiredAtMs: null });
    expect(stored?.targets).toEqual([
      { channel: 'email', stakeholder: 'sponsor', address: null, name: 'Head of Commerce' },
      { channel: 'slack', stakeholder: null, address: 'C0001', name: '#it-value' },
    ]);
  });

  it('that change are told, those that leave are retired and kept, and may come back', async () => {
    const { people } = fixture.store;
    await people.apply({ stakeholders: [person()], subscriptions: [weekly()] });
    const changed = await people.apply({
      stakeholders: [person({ currency: null })],
      subscriptions: [weekly({ thresholds: { benefit: '5' } })],
    });
    expect(changed).toEqual({
      stakeholders: { ...nothing, changed: ['sponsor'] },
      subscriptions: { ...nothing, changed: ['weekly'] },
    });
    expect((await people.subscriptions())[0]?.thresholds).toEqual({ benefit: '5' });
    expect(await people.apply({ stakeholders: [], subscriptions: [] })).toEqual({
      stakeholders: { ...nothing, retired: ['sponsor'] },
      subscriptions: { ...nothing, retired: ['weekly'] },
    });
    expect([await people.stakeholders(), await people.subscriptions()]).toEqual([[], []]);
    expect(await people.stakeholders({ retired: true })).toMatchObject([
      { id: 'sponsor', retiredAtMs: expect.any(Number) },
    ]);
    const back = await people.apply({ stakeholders: [person()], subscriptions: [weekly()] });
    expect(back.subscriptions.created).toEqual(['weekly']);
    expect(await people.stakeholders()).toMatchObject([{ id: 'sponsor', retiredAtMs: null }]);
  });

  it('are written once when two processes start at the same time', async () => {
    const other = await fixture.another();
    const config = { stakeholders: [person()], subscriptions: [weekly()] };
    const results = await Promise.all([fixture.store.people.apply(config), other.people.apply(config)]);
    expect(results.map(({ stakeholders }) => stakeholders.created.length).sort()).toEqual([0, 1]);
  });

  it('give deliveries their names, also when somebody left; an address alone has none', async () => {
    const { people, digests, deliveries } = fixture.store;
    await people.apply({ stakeholders: [person()], subscriptions: [weekly()] });
    const { digest } = await digests.save({
      ...{ id: 'd', subscription: 'weekly', projectId: 'checkout', slot: '1', snapshotId: null, test: false },
      ...{ facts: digestFacts(), factsHash: 'h' },
    });
    const row = { digestId: digest.id, subscription: 'weekly', slot: '1', test: false, recipientName: 'n' };
    const mail = {
      ...row,
      channel: 'email',
      address: 'a@example.com',
      stakeholder: 'sponsor',
      currency: 'USD',
    } as const;
    await deliveries.create({ ...mail, id: '1', idempotencyKey: '1' });
    await deliveries.create({ ...row, channel: 'slack', address: 'C0001', id: '2', idempotencyKey: '2' });
    await deliveries.create({ ...mail, stakeholder: 'unknown', id: '3', idempotencyKey: '3' });
    await people.apply({ stakeholders: [], subscriptions: [] });
    const read = async (id: string) => {
      const { stakeholder, currency } = (await deliveries.get(id)) ?? {};
      return { stakeholder, currency };
    };
    expect(await read('1')).toEqual({ stakeholder: 'sponsor', currency: 'USD' });
    expect(await read('2')).toEqual({ stakeholder: null, currency: null });
    expect(await read('3')).toEqual({ stakeholder: null, currency: 'USD' });
  });

  it('count the slots without a digest since the last one, each once', async () => {
    const { digests } = fixture.store;
    const row = { subscription: 'weekly', projectId: 'checkout', snapshotId: null, test: false };
    for (const id of ['d1', 'd2']) await digests.save({ ...row, id, slot: id, facts: digestFacts(), factsHash: 'h' });
    const leaveOut = (slot: string, sinceDigestId: string) =>
      digests.leaveOut({ subscription: 'weekly', slot, sinceDigestId });
    for (const slot of ['a', 'b', 'b']) await leaveOut(slot, 'd1');
    expect(await digests.leftOut('weekly', 'd1', 'c')).toBe(2);
    expect(await digests.leftOut('weekly', 'd1', 'b')).toBe(1);
    await leaveOut('c', 'd2');
    expect(await digests.leftOut('weekly', 'd2', 'z')).toBe(1);
  });
});

describe('the database refuses', () => {
  const applying = (people: { stakeholders?: StakeholderConfig[]; subscriptions?: SubscriptionConfig[] }) =>
    fixture.store.people.apply({ stakeholders: [person()], subscriptions: [], ...people });

  it.each<[string, Partial<StakeholderConfig>, string]>([
    ['a stakeholder without a name', { name: ' ' }, 'stakeholder_name_check'],
    ['a role that is no word', { role: { other: '' } }, 'stakeholder_other_role_check'],
    ['what is no e-mail address', { email: 'a b@example.com' }, 'stakeholder_email_check'],
    ['what is no Slack id', { slackId: 'X1' }, 'stakeholder_slack_id_check'],
    ['what is no currency', { currency: 'euro' }, 'stakeholder_currency_check'],
    ['scopes of nothing', { scopes: { projects: [], portfolios: [] } }, 'stakeholder_scopes_name_something'],
  ])('%s, and never shows the row', async (_, wrong, constraint) => {
    const error: unknown = await applying({ stakeholders: [person(wrong)] }).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(constraint);
    expect(JSON.stringify(error) + String(error)).not.toContain('example.com');
  });

  it.each<[string, Partial<SubscriptionConfig>, string]>([
    ['thresholds without the condition', { when: 'changed' }, 'thresholds belong to the condition'],
    ['the condition without thresholds', { thresholds: {} }, 'thresholds belong to the condition'],
    ['a threshold of nothing', { thresholds: { npv: '0' } }, 'subscription_threshold_least_check'],
    [
      'a heartbeat where every digest is sent',
      { when: 'always', thresholds: null },
      'subscription_heartbeat_of_condition',
    ],
    ['a heartbeat of no slot', { heartbeat: 0 }, 'subscription_heartbeat_slots_check'],
    ['a subscription to nobody', { targets: [] }, 'it has no target'],
    [
      'an address of another channel',
      { targets: [{ channel: 'slack', address: 'a@example.com', name: 'n', stakeholder: null }] },
      'subscription_target_address_of_channel',
    ],
    [
      'a stakeholder that there is not',
      { targets: [{ channel: 'slack', address: 'C0001', name: 'n', stakeholder: 'nobody' }] },
      'subscription_target_stakeholder_id_fkey',
    ],
  ])('%s', async (_, wrong, message) => {
    await expect(applying({ subscriptions: [weekly(wrong)] })).rejects.toThrow(message);
    expect(await fixture.store.people.subscriptions()).toEqual([]);
  });

  it('a figure that has no threshold', async () => {
    await applying({ subscriptions: [weekly()] });
    await expect(client.query("INSERT INTO subscription_threshold VALUES ('weekly', 'luck', 1)")).rejects.toThrow(
      'subscription_threshold_figure_check',
    );
    await expect(client.query("DELETE FROM subscription_target WHERE subscription_id = 'weekly'")).rejects.toThrow(
      'it has no target',
    );
  });
});

describe('a digest in the database', () => {
  const insert = (columns: string, values: string) =>
    client.query(
      `INSERT INTO digest (id, subscription, slot, test, facts, facts_hash, created_at, ${columns})
       VALUES ('d', 'monthly', 'w1', false, '{}', 'h', now(), ${values})`,
    );

  it.each([
    ['of nothing', 'project_id, portfolio_id', 'NULL, NULL', 'digest_of_one_scope'],
    ['of a project and a portfolio', 'project_id, portfolio_id', "'checkout', 'shop'", 'digest_of_one_scope'],
    ['of a portfolio without a roll-up', 'portfolio_id', "'shop'", 'digest_snapshot_of_scope'],
  ])('is refused %s', async (_, columns, values, constraint) => {
    await expect(insert(columns, values)).rejects.toMatchObject({ constraint });
  });

  it('of a project is what an earlier release writes', async () => {
    await expect(insert('project_id', "'checkout'")).resolves.toMatchObject({ rowCount: 1 });
  });
});
