import type { CostLine, FxRate, Project, SeriesSource, ValueMetric } from '#domain';
import { addYears } from '#domain';
import type { Config, ConnectorConfig, Settings, SubscriptionConfig } from '#kit';
import { buildSchedules } from './build-schedules.ts';
import { lineId, metricStart } from './check-project.ts';
import { budgetLimits, type ReadConnector } from './read-connector.ts';
import type { FxRateInput, MetricInput, ProjectInput } from './schema/project.ts';
import type { SettingsInput } from './schema/settings.ts';
import type { CheckedSections } from './sections.ts';

/** Checked input in the shapes of kit; nothing can fail any more. */
export function buildConfig(
  sections: CheckedSections & { settings: NonNullable<CheckedSections['settings']> },
  directory: string,
  secrets: readonly string[],
): Config {
  const settings = buildSettings(sections.settings.value);
  const projects = sections.projects.map(({ id, value }) => buildProject(id, value, settings.timeZone));
  const stakeholders = sections.stakeholders.map(({ id, value }) => ({
    id,
    name: value.name,
    email: value.email ?? null,
    slackId: value.slackId ?? null,
    timeZone: value.timeZone ?? settings.timeZone,
    locale: value.locale,
  }));
  const subscriptions = sections.subscriptions.map(({ id, value }): SubscriptionConfig => {
    const people = value.to.map((target) => stakeholders.find((person) => person.id === target.stakeholder));
    return {
      id,
      project: value.project,
      targets: value.to.map((target, index) => {
        const person = people[index];
        const address = (target.channel === 'email' ? person?.email : person?.slackId) ?? target.address ?? '';
        return { channel: target.channel, address, name: target.name ?? person?.name ?? address };
      }),
      schedule: value.schedule?.cron ?? null,
      timeZone:
        value.timeZone ?? projects.find((project) => project.id === value.project)?.timeZone ?? settings.timeZone,
      locale: value.locale ?? people.find((person) => person !== undefined)?.locale ?? 'en-GB',
      when: value.when,
    };
  });
  return {
    directory,
    settings,
    connectors: sections.connectors.map(({ value }) => withAccount(value, sections.accounts, settings.timeZone)),
    projects,
    stakeholders,
    subscriptions,
    schedules: buildSchedules(sections, subscriptions, settings.timeZone),
    fxRates: sections.fx.map(({ value }) => buildFxRate(value)),
    secrets: [...new Set(secrets)],
  };
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
    api: { ...value.api, token: value.api.token ?? null },
  };
}

export const buildFxRate = (value: FxRateInput): FxRate => ({ ...value, validTo: value.validTo ?? null });

function buildProject(id: string, value: ProjectInput, timeZone: string): Project {
  return {
    id,
    name: value.name,
    portfolio: value.portfolio ?? null,
    sponsor: value.sponsor ?? null,
    currency: value.currency,
    timeZone: value.timeZone ?? timeZone,
    startsOn: value.startsOn,
    managed: 'config',
    horizonEndsOn: addYears(value.startsOn, value.horizonYears),
    convention: 'dated',
    discount: [{ fromYear: 0, rate: value.discountRate }],
    priceBasis: { kind: 'nominal' },
    fiscalCalendar: { kind: 'months', firstMonth: 1 },
    costRisk: '0',
    simulation: { seed: 1, draws: 1000 },
    deliverables: [],
    plans: [],
    timing: value.timing,
    metrics: Object.entries(value.metrics).map(([metricId, metric]) => buildMetric(metricId, metric, value)),
    costSources: value.costs.sources,
    manualCosts: value.costs.lines.map(
      (line, index): CostLine => ({
        sourceKey: lineId(line.id, index),
        projectRef: id,
        kind: line.kind,
        capitalisation: line.capitalisation,
        recurrence: line.recurrence,
        pool: line.pool ?? null,
        amount: line.amount,
        currency: line.currency ?? value.currency,
        postingDate: line.date,
        cashDate: line.cashDate ?? null,
        document: line.document ?? null,
        correctionOf: line.correctionOf ?? null,
        text: line.text ?? null,
      }),
    ),
  };
}

function buildMetric(id: string, metric: MetricInput, project: ProjectInput): ValueMetric {
  const { baseline, exposure } = metric;
  return {
    id,
    name: metric.name ?? id,
    owner: metric.owner ?? null,
    benefitClass: metric.benefitClass,
    kind: metric.kind,
    unit: metric.unit,
    direction: metric.direction,
    source: metric.source,
    denominator: metric.denominator ?? null,
    exposure:
      exposure === undefined
        ? null
        : typeof exposure === 'string'
          ? { kind: 'value', value: exposure }
          : { kind: 'series', source: exposure satisfies SeriesSource },
    cadence: metric.cadence,
    freshnessLimitMs: metric.freshnessLimit,
    baseline:
      baseline?.value !== undefined
        ? { kind: 'value', value: baseline.value, n: null, sd: null, approvedBy: null, frozenOn: null }
        : baseline?.from !== undefined && baseline.to !== undefined
          ? { kind: 'window', from: baseline.from, to: baseline.to, approvedBy: null, frozenOn: null }
          : null,
    counterfactual: { kind: 'constant' },
    stockValuation: metric.kind === 'stock' ? 'holding' : null,
    dropOff: '0',
    ramp: [],
    startRule: null,
    hasStarted: true,
    claimKey: null,
    target: metric.target ?? null,
    rates: metric.rates.map((rate) => ({
      from: rate.from,
      to: rate.to ?? null,
      amount: rate.amount,
      currency: rate.currency ?? project.currency,
      per: rate.per ?? metric.unit,
      perPeriod: metric.kind === 'stock' ? 'year' : null,
    })),
    attribution: metric.attribution,
    deadweight: metric.deadweight,
    displacement: metric.displacement,
    confidence: metric.confidence,
    startsOn: metricStart(metric, project.startsOn),
    endsOn: metric.endsOn ?? null,
  };
}
