import { Decimal } from 'decimal.js';
import type { ClaimConflict } from '../portfolio/claims.ts';
import type { PortfolioOutputs, PortfolioProject } from '../portfolio/outputs.ts';
import type { LocalDate, Project } from '../types.ts';
import type { RoiOutputs } from '../value/outputs.ts';
import { COVERAGE_ALERT, staleAlerts } from './alerts.ts';
import type { DigestFacts, DigestHeadline } from './facts.ts';
import { createFormat, type Format, localDateOf } from './format.ts';
import { completeOutputs } from './older.ts';
import { cumulative, dataAsOf, difference, findStale, list, missingData, type StaleSource } from './parts.ts';
import { restatements } from './restatements.ts';

/** So many projects are named among what moved; the rest is one sum. */
const NAMED_PROJECTS = 8;

/** A project of the portfolio as it was computed for the roll-up. */
export interface PortfolioMember {
  project: Project;
  outputs: RoiOutputs;
  /** What was known of it when the previous digest was made; null: nothing, or there was none. */
  before: RoiOutputs | null;
}

export interface PortfolioDigestInput {
  outputs: PortfolioOutputs;
  members: readonly PortfolioMember[];
  /** What the reader was told last; null for the first digest. */
  previous: { date: LocalDate; outputs: PortfolioOutputs } | null;
  reader: { locale: string; timeZone: string };
  /** Freshness is judged now. */
  nowMs: number;
  notice?: string | null | undefined;
  /** One sentence that begins "You get this because". */
  why: string;
}

/** Stale data of one member. */
type StaleMember = StaleSource & { projectId: string; monetised: boolean };

/**
 * What a digest about a portfolio says: the roll-up as headline, its projects in place of metrics. Fails closed: with no
 * counted project, or with a counted one whose money rests on data that are not fresh, the headline is null and
 * `headlineAbsentBecause` says why.
 */
export function buildPortfolioDigestFacts(input: PortfolioDigestInput): DigestFacts {
  const { outputs, reader, nowMs } = input;
  const { currency } = outputs;
  const format = createFormat({ ...reader, currency });
  const members = input.members.map((member) => ({ ...member, outputs: completeOutputs(member.outputs) }));
  const stale = members.flatMap((member) => staleOf(member, nowMs));
  const absent = whyNoHeadline(outputs, stale, format);
  const restated = members.flatMap((member) => restatementsOf(member, currency, reader));
  const previous = isSameAgain(input, restated.length > 0) ? null : input.previous;
  const isStale = (projectId: string): boolean => stale.some((one) => one.projectId === projectId && one.monetised);
  return {
    version: 1,
    projectId: outputs.portfolioId,
    projectName: outputs.name,
    sponsor: null,
    currency,
    timeZone: reader.timeZone,
    locale: reader.locale,
    asOf: outputs.asOf,
    snapshotId: null,
    notice: input.notice ?? null,
    headline: absent === null ? headlineOf(outputs, previous?.outputs ?? null) : null,
    headlineAbsentBecause: absent,
    ...(absent === null ? projectsMoved(outputs, previous?.outputs ?? null) : nothingMoved()),
    comparedWith: previous?.date ?? null,
    metrics: [],
    projects: outputs.projects.map(({ name, roi, npv, benefitToDate, costToDate, claimReduction, ...project }) => ({
      ...{ name, roi, npv, benefitToDate, costToDate, claimReduction },
      excludedBecause: project.excludedBecause,
      stale: isStale(project.projectId),
    })),
    cost: {
      toDate: outputs.costToDate,
      ...{ budget: null, commitments: null, accrual: null, atCompletion: null, planned: null },
    },
    outlook: null,
    dataAsOfMs: oldestData(outputs, members),
    coverage: outputs.coverage.ratio,
    staleSources: stale.map(({ metricId: _, projectId: __, monetised: ___, ...source }) => source),
    restatements: restated,
    alerts: alertsOf(outputs, stale, format),
    chart: absent === null ? cumulative(outputs.cashFlows) : [],
    links: [],
    why: input.why,
    unsubscribeUrl: null,
  };
}

function staleOf({ project, outputs }: PortfolioMember, nowMs: number): StaleMember[] {
  return findStale(project, outputs, nowMs).map((source) => ({
    ...source,
    metric: `${project.name}: ${source.metric}`,
    projectId: project.id,
    monetised: outputs.metrics.some(({ metricId, monetised }) => monetised && metricId === source.metricId),
  }));
}

/** Null when an honest headline can be given. */
function whyNoHeadline(outputs: PortfolioOutputs, stale: readonly StaleMember[], format: Format): string | null {
  const { projects } = outputs;
  if (projects.length === 0) return 'No project belongs to this portfolio, so no figure can be stated.';
  const counted = projects.filter(isCounted);
  if (counted.length === 0) {
    const reasons = projects.map(({ name, excludedBecause }) => `${name}: ${excludedBecause}`);
    return `No project of this portfolio is counted, so no figure can be stated (${list(reasons)}).`;
  }
  const blocking = stale.filter(
    ({ projectId, monetised }) => monetised && counted.some((project) => project.projectId === projectId),
  );
  return blocking.length === 0 ? null : missingData(blocking, format);
}

const isCounted = ({ excludedBecause }: PortfolioProject): boolean => excludedBecause === null;

function headlineOf(now: PortfolioOutputs, before: PortfolioOutputs | null): DigestHeadline {
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
    mirr: null,
    paybackDate: now.payback.date,
    basis: now.basis,
    doubt: null,
  };
}

type Moves = Pick<DigestFacts, 'moved' | 'otherMoves' | 'netChange'>;
const nothingMoved = (): Moves => ({ moved: [], otherMoves: null, netChange: null });

/**
 * By how much each project moved the portfolio's benefit − cost to date, what it does not count as zero: largest first. The
 * named ones and `otherMoves` sum to `netChange` exactly.
 */
export function projectsMoved(now: PortfolioOutputs, before: PortfolioOutputs | null): Moves {
  if (before === null || before.currency !== now.currency || now.counted === 0 || before.counted === 0)
    return nothingMoved();
  const netChange = net(now).minus(net(before));
  const earlier = new Map(before.projects.map((project) => [project.projectId, project]));
  const current = new Set(now.projects.map(({ projectId }) => projectId));
  const causes = [
    ...now.projects.map((project) => causeOf(project, earlier.get(project.projectId) ?? null)),
    ...before.projects
      .filter(({ projectId }) => !current.has(projectId))
      .map((gone) => ({ cause: `${gone.name}: left the portfolio`, amount: net(gone).negated() })),
  ]
    .filter(({ amount }) => !amount.isZero())
    .sort((a, b) => b.amount.abs().comparedTo(a.amount.abs()) || (a.cause < b.cause ? -1 : 1));
  const named = causes.slice(0, NAMED_PROJECTS);
  const other = named.reduce((rest, { amount }) => rest.minus(amount), netChange);
  return {
    moved: named.map(({ cause, amount }) => ({ cause, amount: amount.toFixed() })),
    otherMoves: other.toFixed(),
    netChange: netChange.toFixed(),
  };
}

function causeOf(now: PortfolioProject, before: PortfolioProject | null): { cause: string; amount: Decimal } {
  const amount = net(now).minus(before === null ? 0 : net(before));
  if (before === null) return { cause: `${now.name}: new in the portfolio`, amount };
  if (isCounted(now) === isCounted(before)) return { cause: now.name, amount };
  return { cause: `${now.name}: ${isCounted(now) ? 'counted now' : 'no longer counted'}`, amount };
}

const net = ({ benefitToDate, costToDate }: Pick<PortfolioProject, 'benefitToDate' | 'costToDate'>): Decimal =>
  new Decimal(benefitToDate ?? 0).minus(costToDate ?? 0);

/** A second digest on one day with nothing new compares with nothing. */
function isSameAgain({ previous, outputs, reader, nowMs }: PortfolioDigestInput, isRestated: boolean): boolean {
  if (previous === null || previous.date !== localDateOf(nowMs, reader.timeZone) || isRestated) return false;
  const { outputs: before } = previous;
  if (before.currency !== outputs.currency) return false;
  const sameRoi = outputs.roi === before.roi || difference(outputs.roi, before.roi) === '0';
  const { moved, netChange } = projectsMoved(outputs, before);
  return sameRoi && moved.length === 0 && (netChange === null || new Decimal(netChange).isZero());
}

/** In the currency of the project: before claims, as its own digest tells them. */
function restatementsOf(
  { project, outputs, before }: PortfolioMember,
  currency: string,
  reader: PortfolioDigestInput['reader'],
): DigestFacts['restatements'] {
  const format = createFormat({ ...reader, currency: outputs.currency });
  const earlier = before === null || before.currency !== outputs.currency ? null : completeOutputs(before);
  return restatements(outputs, earlier, format).map((restated) => ({
    ...restated,
    metric: `${project.name}: ${restated.metric}`,
    ...(outputs.currency === currency ? {} : { currency: outputs.currency }),
  }));
}

/** The oldest of the counted projects' newest data. */
function oldestData({ projects }: PortfolioOutputs, members: readonly PortfolioMember[]): number | null {
  const counted = new Set(projects.filter(isCounted).map(({ projectId }) => projectId));
  const instants = members.flatMap(({ project, outputs }) =>
    counted.has(project.id) ? (dataAsOf(project, outputs) ?? []) : [],
  );
  return instants.length === 0 ? null : Math.min(...instants);
}

/** What needs a person, most urgent first. */
function alertsOf(outputs: PortfolioOutputs, stale: readonly StaleMember[], format: Format): string[] {
  const excluded = outputs.projects.flatMap(({ name, excludedBecause }) =>
    excludedBecause === null ? [] : [`${name} is left out of every figure here: ${excludedBecause}`],
  );
  return [...staleAlerts(stale, format), ...excluded, ...claimAlerts(outputs, format), ...thin(outputs, format)];
}

/** One sentence for each claim, however often who claims it changed. */
function claimAlerts({ conflicts, projects }: PortfolioOutputs, format: Format): string[] {
  const nameOf = (id: string): string => projects.find(({ projectId }) => projectId === id)?.name ?? id;
  return [...new Set(conflicts.map(({ claimKey }) => claimKey))].map((key) => {
    const stretches = conflicts.filter(({ claimKey }) => claimKey === key);
    const most = stretches.reduce((a: ClaimConflict, b) =>
      new Decimal(b.attributionTotal).gt(a.attributionTotal) ? b : a,
    );
    const [from, to] = [
      stretches.map((one) => one.from).sort()[0],
      stretches
        .map((one) => one.to)
        .sort()
        .at(-1),
    ];
    const claimants = most.claimants.map(
      ({ projectId, attribution }) => `${nameOf(projectId)} ${format.percent(attribution)}`,
    );
    const upTo = stretches.length > 1 ? 'up to ' : '';
    return (
      `${key} is claimed ${upTo}${format.percent(most.attributionTotal)} (${claimants.join(', ')}), ` +
      `${format.period(from ?? most.from, to ?? most.to)}; each share is scaled to make up the whole`
    );
  });
}

function thin({ coverage, projects }: PortfolioOutputs, format: Format): string[] {
  const lacking = (ratio: string | null): boolean => ratio !== null && new Decimal(ratio).lessThan(COVERAGE_ALERT);
  if (!lacking(coverage.ratio)) return [];
  const names = projects
    .filter((project) => isCounted(project) && lacking(project.coverage))
    .map((project) => `${project.name} ${format.share(project.coverage)}`);
  return [`Only ${format.share(coverage.ratio)} of the expected samples arrived (${names.join(', ')})`];
}
