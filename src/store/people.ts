import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { canonicalJson, type DigestThresholds } from '#domain';
import {
  type PeopleChanges,
  type PeopleRepository,
  type StakeholderConfig,
  type StakeholderRow,
  type SubscriptionConfig,
  type SubscriptionRow,
  stakeholderRoles,
} from '#kit';
import { atomically, instant, type StoreContext, sql } from './context.ts';
import { lockKey } from './locks.ts';

const stakeholderSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum([...stakeholderRoles, 'other']).nullable(),
    otherRole: z.string().nullable(),
    email: z.string().nullable(),
    slackId: z.string().nullable(),
    timeZone: z.string(),
    locale: z.string(),
    currency: z.string().nullable(),
    projects: z.array(z.string()).nullable(),
    portfolios: z.array(z.string()).nullable(),
    retiredAtMs: z.number().nullable(),
  })
  .transform(
    ({ role, otherRole, projects, portfolios, ...row }): StakeholderRow => ({
      ...row,
      role: role === 'other' ? { other: otherRole ?? '' } : role,
      scopes: projects === null || portfolios === null ? null : { projects, portfolios },
    }),
  );

const subscriptionSchema = z.object({
  id: z.string(),
  project: z.string().nullable(),
  portfolio: z.string().nullable(),
  targets: z.array(
    z.object({
      channel: z.enum(['email', 'slack']),
      stakeholder: z.string().nullable(),
      address: z.string().nullable(),
      name: z.string(),
    }),
  ),
  schedule: z.string().nullable(),
  timeZone: z.string(),
  locale: z.string(),
  when: z.enum(['always', 'changed', 'threshold']),
  thresholds: z.custom<DigestThresholds>((value) => typeof value === 'object').nullable(),
  heartbeat: z.number().nullable(),
  retiredAtMs: z.number().nullable(),
});

export function createPeopleRepository(context: StoreContext): PeopleRepository {
  return {
    apply: ({ stakeholders, subscriptions }) =>
      atomically(context, async (on) => {
        await lockKey(on, 'people');
        const write = createWriter(on, context.clock.nowMs());
        const people = compare(stakeholders, await readStakeholders(on, true));
        for (const person of people.toWrite) await write.stakeholder(person);
        const wanted = subscriptions.map(asStored);
        const sent = compare(wanted, await readSubscriptions(on, true));
        for (const subscription of sent.toWrite) await write.subscription(subscription);
        await write.retire('subscription', sent.changes.retired);
        await write.retire('stakeholder', people.changes.retired);
        return { stakeholders: people.changes, subscriptions: sent.changes };
      }),

    stakeholders: ({ retired = false } = {}) => readStakeholders(context.connection, retired),
    subscriptions: ({ retired = false } = {}) => readSubscriptions(context.connection, retired),
  };
}

async function readStakeholders(on: CommonQueryMethods, retired: boolean): Promise<StakeholderRow[]> {
  return [
    ...(await on.any(sql.type(stakeholderSchema)`
      SELECT id, name, role, other_role AS "otherRole", email, slack_id AS "slackId", time_zone AS "timeZone", locale,
        currency, scope_projects AS projects, scope_portfolios AS portfolios, retired_at AS "retiredAtMs"
      FROM stakeholder WHERE ${retired} OR retired_at IS NULL ORDER BY id COLLATE "C"`)),
  ];
}

async function readSubscriptions(on: CommonQueryMethods, retired: boolean): Promise<SubscriptionRow[]> {
  return [
    ...(await on.any(sql.type(subscriptionSchema)`
      SELECT s.id, s.project_id AS project, s.portfolio_id AS portfolio, s.schedule, s.time_zone AS "timeZone", s.locale, s.condition AS "when",
        s.heartbeat_slots AS heartbeat, s.retired_at AS "retiredAtMs",
        (SELECT coalesce(json_agg(json_build_object('channel', t.channel, 'stakeholder', t.stakeholder_id,
            'address', t.address, 'name', t.name) ORDER BY t.position), '[]')
          FROM subscription_target t WHERE t.subscription_id = s.id) AS targets,
        (SELECT json_object_agg(t.figure, t.least::text ORDER BY t.figure)
          FROM subscription_threshold t WHERE t.subscription_id = s.id) AS thresholds
      FROM subscription s WHERE ${retired} OR s.retired_at IS NULL ORDER BY s.id COLLATE "C"`)),
  ];
}

/** The address of a stakeholder is kept with the stakeholder alone. */
function asStored({ targets, ...subscription }: SubscriptionConfig): Omit<SubscriptionRow, 'retiredAtMs'> {
  return {
    ...subscription,
    targets: targets.map(({ address, ...target }) => ({
      ...target,
      address: target.stakeholder === null ? address : null,
    })),
  };
}

function compare<T extends { id: string }>(
  wanted: readonly T[],
  stored: readonly (T & { retiredAtMs: number | null })[],
): { toWrite: T[]; changes: PeopleChanges } {
  const known = new Map(stored.map((row) => [row.id, row]));
  const ids = new Set(wanted.map(({ id }) => id));
  const changes: PeopleChanges = { created: [], changed: [], retired: [] };
  const toWrite = wanted.filter((row) => {
    const before = known.get(row.id);
    if (before === undefined || before.retiredAtMs !== null) {
      changes.created.push(row.id);
      return true;
    }
    const { retiredAtMs: _, ...content } = before;
    const differs = canonicalJson(content) !== canonicalJson(row);
    if (differs) changes.changed.push(row.id);
    return differs;
  });
  changes.retired = stored.filter(({ id, retiredAtMs }) => retiredAtMs === null && !ids.has(id)).map(({ id }) => id);
  return { toWrite, changes };
}

function createWriter(on: CommonQueryMethods, nowMs: number) {
  const now = instant(nowMs);
  const list = (ids: readonly string[] | undefined) =>
    ids === undefined ? sql.fragment`NULL::text[]` : sql.array([...ids], 'text');
  return {
    async stakeholder({ role, scopes, ...person }: StakeholderConfig): Promise<void> {
      const other = typeof role === 'object' ? (role?.other ?? null) : null;
      await on.query(sql.unsafe`
        INSERT INTO stakeholder AS s (id, name, role, other_role, email, slack_id, time_zone, locale, currency,
          scope_projects, scope_portfolios, created_at, updated_at)
        VALUES (${person.id}, ${person.name}, ${other === null ? (role as string | null) : 'other'}, ${other},
          ${person.email}, ${person.slackId}, ${person.timeZone}, ${person.locale}, ${person.currency},
          ${list(scopes?.projects)}, ${list(scopes?.portfolios)}, ${now}, ${now})
        ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, role = EXCLUDED.role, other_role = EXCLUDED.other_role,
          email = EXCLUDED.email, slack_id = EXCLUDED.slack_id, time_zone = EXCLUDED.time_zone,
          locale = EXCLUDED.locale, currency = EXCLUDED.currency, scope_projects = EXCLUDED.scope_projects,
          scope_portfolios = EXCLUDED.scope_portfolios, retired_at = NULL, updated_at = EXCLUDED.updated_at`);
    },

    async subscription(row: Omit<SubscriptionRow, 'retiredAtMs'>): Promise<void> {
      const { id, targets, thresholds } = row;
      await on.query(sql.unsafe`
        INSERT INTO subscription (id, project_id, portfolio_id, schedule, time_zone, locale, condition, heartbeat_slots,
          created_at, updated_at)
        VALUES (${id}, ${row.project}, ${row.portfolio}, ${row.schedule}, ${row.timeZone}, ${row.locale}, ${row.when}, ${row.heartbeat},
          ${now}, ${now})
        ON CONFLICT (id) DO UPDATE SET project_id = EXCLUDED.project_id, portfolio_id = EXCLUDED.portfolio_id,
          schedule = EXCLUDED.schedule, time_zone = EXCLUDED.time_zone, locale = EXCLUDED.locale,
          condition = EXCLUDED.condition, heartbeat_slots = EXCLUDED.heartbeat_slots, retired_at = NULL,
          updated_at = EXCLUDED.updated_at`);
      await on.query(sql.unsafe`DELETE FROM subscription_target WHERE subscription_id = ${id}`);
      await on.query(sql.unsafe`DELETE FROM subscription_threshold WHERE subscription_id = ${id}`);
      for (const [position, { channel, stakeholder, address, name }] of targets.entries())
        await on.query(sql.unsafe`
          INSERT INTO subscription_target (subscription_id, position, channel, stakeholder_id, address, name)
          VALUES (${id}, ${position}, ${channel}, ${stakeholder}, ${address}, ${name})`);
      for (const [figure, least] of Object.entries(thresholds ?? {}))
        await on.query(sql.unsafe`
          INSERT INTO subscription_threshold (subscription_id, figure, least)
          VALUES (${id}, ${figure}, ${least}::numeric)`);
    },

    async retire(table: 'stakeholder' | 'subscription', ids: readonly string[]): Promise<void> {
      if (ids.length === 0) return;
      await on.query(sql.unsafe`
        UPDATE ${sql.identifier([table])} SET retired_at = ${now}, updated_at = ${now}
        WHERE id = ANY(${sql.array([...ids], 'text')})`);
    },
  };
}
