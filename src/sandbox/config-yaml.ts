import { plusDays, timeZone } from './calendar.ts';
import type { Sandbox } from './types.ts';

/**
 * The operator's YAML for a running sandbox, by file name: settings, three connectors, two projects with their plans, who is told.
 * Only settings and addresses change from run to run.
 */
export function sandboxConfigYaml(
  sandbox: Pick<
    Sandbox,
    | 'prometheusUrl'
    | 'odataUrl'
    | 'ecbUrl'
    | 'smtpPort'
    | 'slackApiUrl'
    | 'username'
    | 'secretFiles'
    | 'channel'
    | 'dates'
  >,
  { objectsDirectory }: { objectsDirectory: string },
): Record<string, string> {
  return {
    'settings.yaml': settings(sandbox, objectsDirectory),
    'connectors.yaml': connectors(sandbox),
    'projects.yaml': projects(sandbox),
    'people.yaml': people(sandbox),
  };
}

type Source = Parameters<typeof sandboxConfigYaml>[0];

/** A YAML string whatever it holds: JSON is YAML. `$` begins no reference but ours. */
const quoted = (text: string): string => JSON.stringify(text);
const secret = (file: string): string => quoted(`\${file:${file}}`);

const settings = (
  { smtpPort, slackApiUrl, username, secretFiles }: Source,
  objectsDirectory: string,
): string => `settings:
  timeZone: ${timeZone}
  smtp:
    host: 127.0.0.1
    port: ${smtpPort}
    from: "Outturn <outturn@example.com>"
    tls: none
    user: ${username}
    password: ${secret(secretFiles.smtp)}
  slack:
    token: ${secret(secretFiles.slack)}
    apiUrl: ${slackApiUrl}
  objects: { kind: folder, path: ${quoted(objectsDirectory)} }
`;

const connectors = ({ prometheusUrl, odataUrl, ecbUrl, username, secretFiles, dates }: Source): string => `connectors:
  # What the shop and the warehouse count, from their monitoring.
  monitoring:
    kind: prometheus
    url: ${prometheusUrl}
    auth: { kind: basic, username: ${username}, password: ${secret(secretFiles.prometheus)} }
    since: ${plusDays(dates.startsOn, -1)}
    lookback: 2d
    finalAfter: 1h
    streams:
      failed-checkouts:
        query: sum(increase(checkout_failures_total[1h]))
        step: 1h
        sample: interval
        unit: failures
      completed-checkouts:
        query: sum(increase(checkout_completed_total[1h]))
        step: 1h
        sample: interval
        unit: orders
      pick-errors:
        query: sum(increase(pick_errors_total[1h]))
        step: 1h
        sample: interval
        unit: errors

  # What both projects cost, and the hours of the support teams, from the ERP.
  erp:
    kind: odata
    url: ${odataUrl}
    version: v4
    auth: { kind: basic, username: ${username}, password: ${secret(secretFiles.odata)} }
    since: ${plusDays(dates.startsOn, -1)}
    lookback: 14d
    finalAfter: 1h
    streams:
      project-costs:
        entitySet: ProjectCosts
        filter: "CompanyCode eq '1010'"
        cursor: { field: PostingDate, type: date }
        costs:
          sourceKey: [DocumentNo, Item]
          projectRef: WbsElement
          kind: { field: ValueType, map: { "04": actual, "01": budget } }
          amount: Amount
          currency: Currency
          postingDate: PostingDate
          pool: CostElementName
          document: DocumentNo
          correctionOf: ReversedDocument
          text: Text
      service-hours:
        entitySet: ServiceHours
        cursor: { field: WorkDate, type: date }
        measurements: { at: WorkDate, covers: 1d, value: Hours, unit: h, labels: [Team], timeZone: ${timeZone} }

  # Part of the cost is billed in dollars.
  ecb:
    kind: ecb
    url: ${ecbUrl}
    since: ${plusDays(dates.startsOn, -7)}
    streams:
      daily: { currencies: [USD] }
`;

const projects = ({ dates }: Source): string => {
  const baseline = `{ from: ${dates.startsOn}, to: ${dates.baselineTo} }`;
  const targetBy = plusDays(dates.startsOn, 365);
  return `portfolios:
  shop: { name: Shop and warehouse, currency: EUR, discountRate: 8 % }

projects:
  checkout-rewrite:
    name: Checkout rewrite
    portfolio: shop
    sponsor: Head of Commerce
    currency: EUR
    timeZone: ${timeZone}
    startsOn: ${dates.startsOn}
    horizonYears: 3
    discountRate: 8 %
    timing: end
    # The books' year begins in October.
    fiscalCalendar: { kind: months, firstMonth: 10 }
    costRisk: 10 %
    costs:
      sources: [{ connector: erp, stream: project-costs, projectRef: P-1001 }]
    deliverables:
      new-checkout:
        name: New checkout is live
        planned: ${plusDays(dates.liveOn, -7)}
        actual: ${dates.liveOn}
        metrics: [failed-checkouts, support-hours]
    plans:
      v1:
        frozenOn: ${dates.startsOn}
        approvedBy: Investment board
        fx: [{ from: USD, to: EUR, rate: 0.90 }]
        costs:
          - { date: ${plusDays(dates.startsOn, 2)}, amount: 44000, currency: EUR, pool: External services }
          - { date: ${plusDays(dates.startsOn, 3)}, amount: 10600, currency: USD, pool: Licences and cloud }
          - { date: ${plusDays(dates.startsOn, 28)}, amount: 30000, currency: EUR, pool: Internal development }
${quarters(dates.startsOn, '6400', 'USD', 'Licences and cloud')}
        benefits:
          failed-checkouts: { counterfactual: 1750 }
          support-hours: { counterfactual: 96 }
    metrics:
      failed-checkouts:
        name: Failed checkouts
        owner: shop-ops
        benefitClass: cash-releasing
        kind: flow
        unit: failures
        direction: down
        source: { connector: monitoring, stream: failed-checkouts }
        cadence: week
        freshnessLimit: 3d
        baseline: ${baseline}
        target: { value: 850, by: ${targetBy} }
        # Contribution margin of the order that is lost.
        rates: [{ from: ${dates.startsOn}, amount: 11.00, currency: EUR, per: failure }]
        attribution: 80 %
        confidence: 90 %
        start: { deliverable: new-checkout }
        ramp: [{ afterMonths: 0, share: 50 % }, { afterMonths: 2, share: 100 % }]
      support-hours:
        name: Shop support hours
        owner: service-desk
        benefitClass: non-cash-releasing
        kind: flow
        unit: h
        direction: down
        source: { connector: erp, stream: service-hours, labels: { Team: Shop support } }
        cadence: week
        freshnessLimit: 4d
        baseline: ${baseline}
        target: { value: 65, by: ${targetBy} }
        rates: [{ from: ${dates.startsOn}, amount: 52.00, currency: EUR, per: h }]
        attribution: 75 %
        confidence: 90 %
        start: { deliverable: new-checkout }
        ramp: [{ afterMonths: 0, share: 50 % }, { afterMonths: 2, share: 100 % }]
        claimKey: shop/support-hours
      completed-checkouts:
        # No baseline: followed, but not turned into money.
        name: Completed checkouts
        owner: shop-ops
        benefitClass: quantitative
        kind: flow
        unit: orders
        direction: up
        source: { connector: monitoring, stream: completed-checkouts }
        cadence: week
        freshnessLimit: 3d
        startsOn: ${dates.liveOn}

  scanner-rollout:
    name: Warehouse scanner rollout
    portfolio: shop
    sponsor: Head of Logistics
    currency: EUR
    timeZone: ${timeZone}
    startsOn: ${dates.startsOn}
    horizonYears: 3
    discountRate: 8 %
    timing: end
    fiscalCalendar: { kind: months, firstMonth: 10 }
    costRisk: 15 %
    costs:
      sources: [{ connector: erp, stream: project-costs, projectRef: P-1002 }]
    deliverables:
      hall-one: { name: Scanners in hall one, planned: ${dates.liveOn}, actual: ${dates.liveOn}, metrics: [pick-errors] }
      hall-two: { name: Scanners in hall two, planned: ${plusDays(dates.startsOn, 140)} }
    plans:
      v1:
        frozenOn: ${dates.startsOn}
        approvedBy: Head of Logistics
        costs:
          - { date: ${plusDays(dates.startsOn, 1)}, amount: 24000, currency: EUR, pool: Hardware }
          - { date: ${plusDays(dates.startsOn, 11)}, amount: 20000, currency: EUR, pool: External services }
${quarters(dates.startsOn, '2400', 'EUR', 'Licences and cloud')}
        benefits:
          pick-errors: { counterfactual: 610, curve: [{ from: ${dates.startsOn}, value: 465 }] }
    metrics:
      pick-errors:
        name: Pick errors
        owner: warehouse-ops
        benefitClass: cash-releasing
        kind: flow
        unit: errors
        direction: down
        source: { connector: monitoring, stream: pick-errors }
        cadence: week
        freshnessLimit: 3d
        baseline: ${baseline}
        target: { value: 300, by: ${targetBy} }
        # Repacking, and the parcel that is sent again.
        rates: [{ from: ${dates.startsOn}, amount: 24.00, currency: EUR, per: error }]
        attribution: 90 %
        confidence: 85 %
        start: { deliverable: hall-one }
        ramp: [{ afterMonths: 0, share: 50 % }, { afterMonths: 2, share: 100 % }]
      support-hours:
        name: Warehouse support hours
        owner: service-desk
        benefitClass: non-cash-releasing
        kind: flow
        unit: h
        direction: down
        source: { connector: erp, stream: service-hours, labels: { Team: Warehouse support } }
        cadence: week
        freshnessLimit: 4d
        baseline: ${baseline}
        rates: [{ from: ${dates.startsOn}, amount: 48.00, currency: EUR, per: h }]
        attribution: 100 %
        confidence: 100 %
        startsOn: ${dates.liveOn}
      complaint-hours:
        # Fewer wrong parcels, fewer complaints: hours that the checkout rewrite claims as well. Together they claim more
        # than there is; the portfolio settles that.
        name: Shop support hours about parcels
        owner: service-desk
        benefitClass: non-cash-releasing
        kind: flow
        unit: h
        direction: down
        source: { connector: erp, stream: service-hours, labels: { Team: Shop support } }
        cadence: week
        freshnessLimit: 4d
        baseline: ${baseline}
        rates: [{ from: ${dates.startsOn}, amount: 52.00, currency: EUR, per: h }]
        attribution: 30 %
        confidence: 30 %
        startsOn: ${dates.liveOn}
        claimKey: shop/support-hours
`;
};

/** Planned cost of running it, each quarter of three years: by the start alone, for a frozen plan never changes. */
const quarters = (startsOn: string, amount: string, currency: string, pool: string): string =>
  Array.from({ length: 11 }, (_, index) => plusDays(startsOn, 91 * (index + 1)))
    .map(
      (date) =>
        `          - { date: ${date}, amount: ${amount}, currency: ${currency}, pool: ${pool}, recurrence: run }`,
    )
    .join('\n');

const people = ({ channel }: Source): string => `stakeholders:
  commerce: { name: Head of Commerce, email: commerce@example.com, timeZone: ${timeZone}, locale: en-GB }
  logistics: { name: Head of Logistics, email: logistics@example.com, timeZone: ${timeZone}, locale: en-GB }

subscriptions:
  checkout-weekly:
    project: checkout-rewrite
    to:
      - { stakeholder: commerce, channel: email }
      - { channel: slack, address: ${channel.id}, name: "#${channel.name}" }
    schedule: "0 8 * * 1"
    when: always
  scanner-weekly:
    project: scanner-rollout
    to:
      - { stakeholder: logistics, channel: email }
      - { channel: slack, address: ${channel.id}, name: "#${channel.name}" }
    schedule: "0 8 * * 1"
    when: always
`;
