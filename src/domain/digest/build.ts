import { Decimal } from 'decimal.js';
import type { CurrencyCode, LocalDate, Project } from '../types.ts';
import { isCounted } from '../value/counted-periods.ts';
import type { MetricOutput, RoiOutputs } from '../value/outputs.ts';
import { digestAlerts } from './alerts.ts';
import type { DigestFacts, DigestHeadline, DigestMetric } from './facts.ts';
import { createFormat, type Format, localDateOf } from './format.ts';
import { count, whatMoved } from './moves.ts';
import { completeOutputs } from './older.ts';
import { costOf, doubtOf, outlookOf } from './outlook.ts';
import { cumulative, dataAsOf, difference, findStale, list, missingData, type StaleSource } from './parts.ts';
import { restatements } from './restatements.ts';

export interface DigestInput {
  project: Project;
  /** Null: nothing was computed yet; the digest says so. */
  snapshot: { id: string; outputs: RoiOutputs } | null;
  /** What the reader was told last; null for the first digest. */
  previous: { date: LocalDate; outputs: RoiOutputs } | null;
  reader: { locale: string; timeZone: string };
  /** Freshness is judged now, not when the snapshot was made: a source that died since must not look alive. */
  nowMs: number;
  notice?: string | null | undefined;
  links: DigestFacts['links'];
  /** One sentence that begins "You get this because". */
  why: string;
  unsubscribeUrl?: string | null | undefined;
}

/**
 * What a digest says. Fails closed: with no snapshot, nothing monetised, no closed period or a monetised metric without
 * fresh data the headline is null and `headlineAbsentBecause` says why.
 */
export function buildDigestFacts(input: DigestInput): DigestFacts {
  const { project, snapshot, reader, nowMs } = input;
  const outputs = snapshot === null ? null : completeOutputs(snapshot.outputs);
  const currency: CurrencyCode = outputs?.currency ?? project.currency;
  const format = createFormat({ ...reader, currency });
  const frame = {
    version: 1 as const,
    projectId: project.id,
    projectName: project.name,
    sponsor: project.sponsor,
    currency,
    timeZone: reader.timeZone,
    locale: reader.locale,
    snapshotId: snapshot?.id ?? null,
    notice: input.notice ?? null,
    links: input.links,
    why: input.why,
    unsubscribeUrl: input.unsubscribeUrl ?? null,
  };
  if (outputs === null) return { ...frame, ...nothingComputed(localDateOf(nowMs, project.timeZone)) };
  const staleSources = findStale(project, outputs, nowMs);
  const absent = whyNoHeadline(outputs, staleSources, format);
  const today = localDateOf(nowMs, reader.timeZone);
  const previous = isSameAgain(input.previous, outputs, today, format) ? null : input.previous;
  const before = previous === null ? null : completeOutputs(previous.outputs);
  return {
    ...frame,
    asOf: outputs.asOf,
    headline: absent === null ? headlineOf(outputs, before) : null,
    headlineAbsentBecause: absent,
    ...(absent === null ? whatMoved(outputs, before) : { moved: [], otherMoves: null, netChange: null }),
    comparedWith: previous?.date ?? null,
    metrics: outputs.metrics.map((metric) => digestMetric(metric, project, outputs, staleSources)),
    cost: costOf(outputs),
    outlook: absent === null ? outlookOf(outputs) : null,
    dataAsOfMs: dataAsOf(project, outputs),
    coverage: outputs.coverage.ratio,
    staleSources: staleSources.map(({ metricId: _, ...source }) => source),
    restatements: restatements(outputs, before, format),
    alerts: digestAlerts(project, outputs, staleSources, format),
    // A picture of stale figures would look as fresh as any.
    chart: absent === null && outputs.costToDate !== null ? cumulative(outputs.cashFlows) : [],
  };
}

/** A second digest on one day with nothing new: “0 pts since today” would tell the reader nothing. */
function isSameAgain(previous: DigestInput['previous'], now: RoiOutputs, today: LocalDate, format: Format): boolean {
  if (previous === null || previous.date !== today) return false;
  const { outputs: before } = previous;
  const sameRoi = now.roi === before.roi || difference(now.roi, before.roi) === '0';
  const { moved, netChange } = whatMoved(now, before);
  const sameNet = moved.length === 0 && (netChange === null || new Decimal(netChange).isZero());
  return sameRoi && sameNet && now.currency === before.currency && restatements(now, before, format).length === 0;
}

function nothingComputed(asOf: LocalDate) {
  return {
    asOf,
    headline: null,
    headlineAbsentBecause: 'Nothing has been computed for this project yet: no pull has brought data.',
    moved: [],
    otherMoves: null,
    netChange: null,
    comparedWith: null,
    metrics: [],
    cost: { toDate: null, budget: null, commitments: null, accrual: null, atCompletion: null, planned: null },
    outlook: null,
    dataAsOfMs: null,
    coverage: null,
    staleSources: [],
    restatements: [],
    alerts: ['No figures yet: check that the pulls of this project run'],
    chart: [],
  };
}

/** Null when an honest headline can be given. */
function whyNoHeadline(outputs: RoiOutputs, stale: readonly StaleSource[], format: Format): string | null {
  const monetised = outputs.metrics.filter((metric) => metric.monetised);
  if (monetised.length === 0) {
    const reasons = outputs.metrics.map(
      ({ name, notMonetisedBecause }) => `${name}: ${notMonetisedBecause ?? 'tracked'}`,
    );
    return reasons.length === 0
      ? 'No value metric is defined for this project, so no benefit can be stated.'
      : `No metric of this project is turned into money, so no benefit can be stated (${list(reasons)}).`;
  }
  const blocking = stale.filter(({ metricId }) => monetised.some((metric) => metric.metricId === metricId));
  if (blocking.length > 0) return missingData(blocking, format);
  if (!monetised.some(({ periods }) => periods.some(isCounted)))
    return 'No period is over with final data yet; provisional figures are never a headline.';
  if (outputs.benefitToDate === null) return 'The benefit to date could not be computed; see the alerts.';
  return null;
}

function headlineOf(now: RoiOutputs, before: RoiOutputs | null): DigestHeadline {
  const comparable = before !== null && before.currency === now.currency;
  return {
    roi: now.roi,
    roiChange: comparable ? difference(now.roi, before.roi) : null,
    realisedRoi: now.realisedRoi,
    npv: now.npv,
    benefitToDate: now.benefitToDate,
    costToDate: now.costToDate,
    bcr: now.bcr,
    irr: { status: now.irr.status, value: now.irr.status === 'unique' ? now.irr.value : null },
    mirr: now.mirr,
    paybackDate: now.payback.date,
    basis: now.basis,
    doubt: doubtOf(now.doubt, now.doubt),
  };
}

function digestMetric(
  metric: MetricOutput,
  project: Project,
  { deliverables }: RoiOutputs,
  stale: readonly StaleSource[],
): DigestMetric {
  const rule = project.metrics.find(({ id }) => id === metric.metricId)?.startRule ?? null;
  const awaited =
    rule === null ? null : (deliverables.find(({ id }) => id === rule.deliverable)?.name ?? rule.deliverable);
  const isStale = stale.some(({ metricId }) => metricId === metric.metricId);
  return {
    name: metric.name,
    unit: metric.unit,
    direction: metric.direction,
    monetised: metric.monetised,
    notMonetisedBecause: metric.notMonetisedBecause,
    baseline: metric.baseline?.value ?? null,
    actual: metric.latest?.actual ?? null,
    actualPeriod: metric.latest === null ? null : { from: metric.latest.from, to: metric.latest.to },
    target: metric.target?.value ?? null,
    targetBy: metric.target?.by ?? null,
    targetMet: metric.target?.met ?? null,
    benefitToDate: metric.benefitToDate,
    coverage: metric.coverage.ratio,
    begins: metric.hasStarted ? null : { on: metric.startsOn, after: awaited },
    state: metric.newestSampleAtMs === null ? 'no-data' : isStale ? 'stale' : 'fresh',
  };
}

/** `[Checkout] ROI 42% (+3 pts) · NPV €1.2m · 2 alerts · w/e 12 Sep`: dated, so that mails do not thread together. */
export function digestSubject(facts: DigestFacts): string {
  const format = createFormat(facts);
  const { headline, alerts } = facts;
  const parts =
    headline === null
      ? ['Figures withheld']
      : [
          `ROI ${format.percent(headline.roi)}${headline.roiChange === null ? '' : ` (${format.points(headline.roiChange)})`}`,
          `NPV ${format.moneyCompact(headline.npv)}`,
        ];
  if (alerts.length > 0) parts.push(count(alerts.length, 'alert'));
  parts.push(`w/e ${format.dayMonth(facts.asOf)}`);
  return `[${facts.projectName.replace(/\s+/g, ' ').trim()}] ${parts.join(' · ')}`;
}
