import type { DigestFigure, DigestThresholds, FxRate } from '#domain';
import {
  buildPortfolio,
  buildProject,
  type Config,
  type ConnectorConfig,
  type FxRateInput,
  type Settings,
  type SubscriptionConfig,
} from '#kit';
import { buildSchedules } from './build-schedules.ts';
import { budgetLimits } from './limits.ts';
import type { ReadConnector } from './read-connector.ts';
import type { SettingsInput } from './schema/settings.ts';
import type { CheckedSections } from './sections.ts';

/** Checked input in the shapes of kit; nothing can fail any more. */
export function buildConfig(
  sections: CheckedSections & { settings: NonNullable<CheckedSections['settings']> },
  directory: string,
  secrets: readonly string[],
): Config {
  const settings = buildSettings(sections.settings.value);
  const projects = sections.projects.map(({ id, value }) =>
    buildProject(id, value, { timeZone: settings.timeZone, managed: 'config' }),
  );
  const stakeholders = sections.stakeholders.map(({ id, value }) => ({
    id,
    name: value.name,
    role: value.role ?? null,
    email: value.email ?? null,
    slackId: value.slackId ?? null,
    timeZone: value.timeZone ?? settings.timeZone,
    locale: value.locale,
    currency: value.currency ?? null,
    scopes: value.scopes ?? null,
  }));
  const subscriptions = sections.subscriptions.map(({ id, value }): SubscriptionConfig => {
    const people = value.to.map((target) => stakeholders.find((person) => person.id === target.stakeholder));
    return {
      id,
      project: value.project ?? null,
      portfolio: value.portfolio ?? null,
      targets: value.to.map((target, index) => {
        const person = people[index];
        const address = (target.channel === 'email' ? person?.email : person?.slackId) ?? target.address ?? '';
        const name = target.name ?? person?.name ?? address;
        return { channel: target.channel, address, name, stakeholder: person?.id ?? null };
      }),
      schedule: value.schedule?.cron ?? null,
      timeZone:
        value.timeZone ?? projects.find((project) => project.id === value.project)?.timeZone ?? settings.timeZone,
      locale: value.locale ?? people.find((person) => person !== undefined)?.locale ?? 'en-GB',
      when: value.when,
      thresholds: value.thresholds === undefined ? null : writtenThresholds(value.thresholds),
      heartbeat: value.heartbeat ?? null,
    };
  });
  return {
    directory,
    settings,
    connectors: sections.connectors.map(({ value }) => withAccount(value, sections.accounts, settings.timeZone)),
    projects,
    writtenPlans: Object.fromEntries(sections.projects.map(({ id, value }) => [id, value.plans])),
    projectStubs: sections.projectStubs,
    portfolios: sections.portfolios.map(({ id, value }) => buildPortfolio(id, value)),
    stakeholders,
    subscriptions,
    schedules: buildSchedules(sections, subscriptions, settings.timeZone),
    fxRates: sections.fx.map(({ value }) => buildFxRate(value)),
    secrets: [...new Set(secrets)],
  };
}

/** Only the figures that are named. */
function writtenThresholds(thresholds: Partial<Record<DigestFigure, string | undefined>>): DigestThresholds {
  return Object.fromEntries(Object.entries(thresholds).filter(([, least]) => least !== undefined));
}

/** The limits of the account that it names, in place of its own. */
function withAccount(
  { connector, account }: ReadConnector,
  accounts: CheckedSections['accounts'],
  timeZone: string,
): ConnectorConfig {
  const shared = accounts.find(({ id }) => id === account);
  if (shared === undefined) return connector;
  return { ...connector, http: { ...connector.http, budget: budgetLimits(shared.id, shared.value, timeZone) } };
}

const SMTP_PORTS = { implicit: 465, required: 587, opportunistic: 25, none: 25 } as const;

function buildSettings(value: SettingsInput): Settings {
  const { smtp, slack, objects } = value;
  return {
    timeZone: value.timeZone,
    apply: value.apply,
    publicUrl: value.publicUrl ?? null,
    smtp:
      smtp === undefined
        ? null
        : {
            host: smtp.host,
            port: smtp.port ?? SMTP_PORTS[smtp.tls],
            user: smtp.user ?? null,
            password: smtp.password ?? null,
            from: smtp.from,
            tls: smtp.tls,
            rejectUnauthorized: !smtp.insecure,
          },
    slack: slack === undefined ? null : { token: slack.token, apiUrl: slack.apiUrl ?? null },
    objects:
      objects.kind === 'folder'
        ? objects
        : {
            ...objects,
            endpoint: objects.endpoint ?? null,
            accessKeyId: objects.accessKeyId ?? null,
            secretAccessKey: objects.secretAccessKey ?? null,
          },
    retention:
      value.retention === undefined
        ? undefined
        : { pagesMs: value.retention.pages, evidence: value.retention.evidence },
    api: { ...value.api, token: value.api.token ?? null },
  };
}

export const buildFxRate = (value: FxRateInput): FxRate => ({ ...value, validTo: value.validTo ?? null });
