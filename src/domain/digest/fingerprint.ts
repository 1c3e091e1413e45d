import type { DigestAgainstPlan, DigestFacts } from './facts.ts';
import { createFormat, type Format } from './format.ts';

/**
 * What a reader would see, rounded as it is rendered and without dates: two digests of the same fingerprint tell the
 * same. Hash it to store it.
 */
export function digestFingerprint(facts: DigestFacts): string {
  const format = createFormat(facts);
  const { headline } = facts;
  return JSON.stringify({
    headline:
      headline === null
        ? null
        : [
            format.percent(headline.roi),
            format.moneyCompact(headline.npv),
            format.moneyCompact(headline.benefitToDate),
            format.moneyCompact(headline.costToDate),
          ],
    absent: facts.headlineAbsentBecause,
    metrics: facts.metrics.map((metric) => [
      metric.name,
      metric.state,
      format.number(metric.actual),
      format.number(metric.target),
      metric.targetMet,
      format.moneyCompact(metric.benefitToDate),
    ]),
    cost: [facts.cost.budget, facts.cost.commitments].map((amount) => format.moneyCompact(amount)),
    alerts: facts.alerts,
    stale: facts.staleSources,
    ...newerParts(facts, format),
  });
}

/** Only what is there: a project without plan and doubt keeps the fingerprint that earlier releases gave it. */
function newerParts(
  { headline, outlook, cost, metrics, projects }: DigestFacts,
  format: Format,
): Record<string, unknown> {
  const { doubt = null } = headline ?? {};
  const begins = metrics.flatMap(({ name, begins: start }) => (start === null ? [] : [[name, start.on]]));
  const against = (row: DigestAgainstPlan | null): string[] | null =>
    row === null ? null : [row.plan, row.now].map((amount) => format.moneyCompact(amount));
  return {
    ...(doubt === null ? {} : { doubt: [format.moneyCompact(doubt.npv.p10), format.moneyCompact(doubt.npv.p90)] }),
    ...(outlook === null
      ? {}
      : {
          outlook: [
            outlook.plan,
            against(outlook.benefitToDate),
            against(outlook.costToDate),
            against(outlook.atCompletion?.npv ?? null),
          ],
        }),
    ...(cost.atCompletion === null ? {} : { atCompletion: format.moneyCompact(cost.atCompletion) }),
    ...(begins.length === 0 ? {} : { begins }),
    ...(projects === undefined
      ? {}
      : {
          projects: projects.map((project) => [
            project.name,
            format.percent(project.roi),
            ...[project.npv, project.benefitToDate, project.claimReduction].map((amount) =>
              format.moneyCompact(amount),
            ),
            project.excludedBecause,
          ]),
        }),
  };
}
