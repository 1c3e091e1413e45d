import { factorOver, flatRate } from '../finance/discount-steps.ts';
import { YEAR_DAYS } from '../finance/discounting.ts';
import { Decimal, overCost, roundMoney, sum } from '../money/decimal.ts';
import { createFxBook, type FxBook } from '../money/fx-book.ts';
import { addDays, daysBetween } from '../time/dates.ts';
import type { CurrencyCode, FxQuote, FxRate, LocalDate, Portfolio, Project } from '../types.ts';
import { canonicalHash } from '../value/canonical.ts';
import { type MonthlyFlow, monthlyFlows } from '../value/cash-flows.ts';
import { addCoverage, money, moneyOrNull, ratioOrNull } from '../value/figures.ts';
import { discountStepsOf, type FlowSide } from '../value/flow-time.ts';
import type { RoiInput } from '../value/input.ts';
import { inputsHash } from '../value/inputs-hash.ts';
import type { RoiOutputs } from '../value/outputs.ts';
import { discountFactorOf } from '../value/present-value.ts';
import { irrOf, NO_IRR, NO_PAYBACK, paybackOf } from '../value/returns.ts';
import { type Valuation, valuate } from '../value/valuation.ts';
import { type ClaimedPeriod, type ClaimScaling, scaleClaims } from './claims.ts';
import type { PortfolioOutputs, PortfolioProject } from './outputs.ts';

export interface PortfolioInput {
  portfolio: Portfolio;
  asOf: LocalDate;
  /** Each project as of that date, with what was computed of it. */
  projects: readonly { input: RoiInput; outputs: RoiOutputs }[];
  /** For converting the projects' currencies into the portfolio's. */
  fxRates: readonly FxRate[];
  fxQuotes: readonly FxQuote[];
}

/** SHA-256 over all that a roll-up rests on, in whatever order the projects were read. */
export function portfolioHash({ portfolio, asOf, projects, fxRates, fxQuotes }: PortfolioInput): string {
  return canonicalHash({
    portfolio,
    asOf,
    projects: projects.map(({ input }) => `${input.project.id} ${inputsHash(input)}`).sort(),
    fxRates: fxRates.map((rate) => canonicalHash(rate)).sort(),
    fxQuotes: fxQuotes.map((quote) => canonicalHash(quote)).sort(),
  });
}

/** A project with what the roll-up makes of it. */
interface Part {
  input: RoiInput;
  outputs: RoiOutputs;
  valuation: Valuation;
  flows: MonthlyFlow[];
  benefit: Decimal;
  benefitBeforeClaims: Decimal;
  cost: Decimal;
  pv: { benefit: Decimal; cost: Decimal };
  excludedBecause: string | null;
}

/**
 * Projects looked at together: benefits scaled where more than the whole is claimed, converted into one currency (a benefit
 * at its period's average, a cost at its posting date), discounted to the earliest start at the portfolio's rates or
 * each project's own. A project whose figures are not known adds nothing and is named: unknown is not zero. Pure.
 */
export function rollUp(given: PortfolioInput): PortfolioOutputs {
  const { portfolio, asOf } = given;
  const projects = [...given.projects].sort((a, b) => (a.input.project.id < b.input.project.id ? -1 : 1));
  const fx = createFxBook(given.fxRates, given.fxQuotes);
  const starts = projects.map(({ input }) => input.project.startsOn).sort();
  const baseDate = starts[0] ?? null;
  const valuations = projects.map(({ input }) => valuate(input));
  const scaling = scaleClaims(valuations.flatMap((valuation) => claimsOf(valuation)));
  const parts = valuations.map((valuation, index) => ({
    ...partOf(valuation, portfolio, baseDate ?? asOf, fx, scaling),
    outputs: (projects[index] as (typeof projects)[number]).outputs,
  }));
  const counted = parts.filter(({ excludedBecause }) => excludedBecause === null);
  const known = counted.length > 0;
  const total = (of: (part: Part) => Decimal): Decimal => sum(counted.map(of));
  const [benefit, cost] = [total((part) => part.benefit), total((part) => part.cost)];
  const [pvBenefits, pvCosts] = [total(({ pv }) => pv.benefit), total(({ pv }) => pv.cost)];
  const npv = pvBenefits.minus(pvCosts);
  const flows = added(counted.map((part) => part.flows));
  const frame = portfolioFrame(portfolio, baseDate ?? asOf);
  return {
    portfolioId: portfolio.id,
    name: portfolio.name,
    asOf,
    currency: portfolio.currency,
    baseDate,
    basis: basisOf(portfolio, counted, parts.length, baseDate),
    counted: counted.length,
    of: parts.length,
    benefitToDate: moneyOrNull(known ? benefit : null),
    benefitBeforeClaims: moneyOrNull(known ? total((part) => part.benefitBeforeClaims) : null),
    costToDate: moneyOrNull(known ? cost : null),
    pvBenefits: moneyOrNull(known ? pvBenefits : null),
    pvCosts: moneyOrNull(known ? pvCosts : null),
    npv: moneyOrNull(known ? npv : null),
    roi: ratioOrNull(known ? overCost(npv, pvCosts) : null),
    realisedRoi: ratioOrNull(known ? overCost(benefit.minus(cost), cost) : null),
    bcr: ratioOrNull(known ? overCost(pvBenefits, pvCosts) : null),
    irr: known ? irrOf(frame, flows) : NO_IRR,
    payback: known ? paybackOf(frame, flows, false) : NO_PAYBACK,
    coverage: addCoverage(counted.map(({ outputs }) => outputs.coverage)),
    cashFlows: flows.map(({ date, ...flow }) => ({ date, benefit: money(flow.benefit), cost: money(flow.cost) })),
    projects: parts.map((part) => describe(part)),
    conflicts: scaling.conflicts,
    warnings: warningsOf(parts, scaling, portfolio.currency),
  };
}

function claimsOf({ input: { project }, metrics }: Valuation): ClaimedPeriod[] {
  return metrics.flatMap(({ output, counted }) => {
    const metric = project.metrics.find(({ id }) => id === output.metricId);
    if (!metric?.claimKey) return [];
    const claim = {
      projectId: project.id,
      metricId: metric.id,
      claimKey: metric.claimKey,
      attribution: new Decimal(metric.attribution),
    };
    return counted.map(({ from, to }) => ({ ...claim, from, to }));
  });
}

function partOf(
  valuation: Valuation,
  portfolio: Portfolio,
  baseDate: LocalDate,
  fx: FxBook,
  scaling: ClaimScaling,
): Omit<Part, 'outputs'> {
  const { input } = valuation;
  const { project, asOf } = input;
  let missing: { from: CurrencyCode; date: LocalDate } | null = null;
  const inPortfolio = (amount: Decimal, lookup: ReturnType<FxBook['on']>): Decimal => {
    if (lookup.found) return roundMoney(amount.times(lookup.rate));
    missing ??= { from: lookup.from, date: lookup.date };
    return new Decimal(0);
  };
  const claims = new Map(claimsOf(valuation).map((claim) => [`${claim.metricId} ${claim.from}`, claim]));
  const benefits: { date: LocalDate; amount: Decimal; before: Decimal }[] = [];
  for (const { output, counted } of valuation.metrics)
    for (const { from, to, benefit } of counted) {
      const lookup = fx.average(project.currency, portfolio.currency, { from, to });
      const claim = claims.get(`${output.metricId} ${from}`);
      const scaled = claim === undefined ? benefit : benefit.times(scaling.factorOf(claim));
      benefits.push({
        date: addDays(to, -1),
        amount: inPortfolio(scaled, lookup),
        before: inPortfolio(benefit, lookup),
      });
    }
  const costs = valuation.costs.counted.map(({ date, amount }) => ({
    date,
    amount: inPortfolio(amount, fx.on(project.currency, portfolio.currency, date)),
  }));
  const flows = monthlyFlows(benefits, costs, project, asOf);
  const pv = (side: FlowSide): Decimal =>
    sum(flows.map((flow) => flow[side].times(factorOf(project, portfolio, baseDate, flow.date, side))));
  return {
    input,
    valuation,
    flows,
    benefit: sum(benefits.map(({ amount }) => amount)),
    benefitBeforeClaims: sum(benefits.map(({ before }) => before)),
    cost: sum(costs.map(({ amount }) => amount)),
    pv: { benefit: pv('benefit'), cost: pv('cost') },
    excludedBecause: whyExcluded(valuation, missing, portfolio.currency),
  };
}

function whyExcluded(
  { benefitToDate, costs }: Valuation,
  missing: { from: CurrencyCode; date: LocalDate } | null,
  currency: CurrencyCode,
): string | null {
  if (benefitToDate === null) return 'its benefit to date is not known';
  if (costs.toDate === null) return 'its cost to date is not known';
  return missing && `there is no exchange rate from ${missing.from} to ${currency} for ${missing.date}`;
}

/** The portfolio's own rates count from the base date; a project's own bring to its start, then its first rate on to the base date. */
function factorOf(
  project: Project,
  portfolio: Portfolio,
  baseDate: LocalDate,
  date: LocalDate,
  side: FlowSide,
): Decimal {
  if (portfolio.discount !== null) return discountFactorOf(portfolioFrame(portfolio, baseDate), date, side);
  const first = flatRate(discountStepsOf(project)[0]?.rate ?? 0);
  const toBase = factorOver(first, daysBetween(baseDate, project.startsOn), YEAR_DAYS);
  return discountFactorOf(project, date, side).times(toBase);
}

const frames = new WeakMap<Portfolio, Map<LocalDate, Project>>();
/** The portfolio as the finance functions know a project: dated flows from the base date on. */
export function portfolioFrame(portfolio: Portfolio, startsOn: LocalDate): Project {
  const known = frames.get(portfolio) ?? new Map<LocalDate, Project>();
  frames.set(portfolio, known);
  const frame = known.get(startsOn) ?? {
    id: portfolio.id,
    managed: 'config',
    name: portfolio.name,
    portfolio: null,
    sponsor: null,
    currency: portfolio.currency,
    timeZone: 'UTC',
    startsOn,
    horizonEndsOn: '9999-12-31',
    convention: 'dated',
    discount: portfolio.discount ?? [],
    timing: 'end',
    priceBasis: { kind: 'nominal' },
    fiscalCalendar: { kind: 'months', firstMonth: 1 },
    costRisk: '0',
    simulation: { seed: 0, draws: 0 },
    deliverables: [],
    metrics: [],
    plans: [],
    costSources: [],
    manualCosts: [],
  };
  known.set(startsOn, frame);
  return frame;
}

function added(lists: readonly MonthlyFlow[][]): MonthlyFlow[] {
  const byDate = new Map<LocalDate, MonthlyFlow>();
  for (const { date, benefit, cost } of lists.flat()) {
    const known = byDate.get(date);
    byDate.set(date, { date, benefit: benefit.plus(known?.benefit ?? 0), cost: cost.plus(known?.cost ?? 0) });
  }
  return [...byDate.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
}

function describe({ input, outputs, excludedBecause, ...part }: Part): PortfolioProject {
  const { project } = input;
  const given = (value: Decimal): string | null => (excludedBecause === null ? money(value) : null);
  const npv = part.pv.benefit.minus(part.pv.cost);
  return {
    projectId: project.id,
    name: project.name,
    currency: project.currency,
    inputsHash: inputsHash(input),
    excludedBecause,
    benefitToDate: given(part.benefit),
    costToDate: given(part.cost),
    npv: given(npv),
    roi: ratioOrNull(excludedBecause === null ? overCost(npv, part.pv.cost) : null),
    claimReduction: given(part.benefitBeforeClaims.minus(part.benefit)),
    coverage: outputs.coverage.ratio,
    own: {
      benefitToDate: outputs.benefitToDate,
      costToDate: outputs.costToDate,
      npv: outputs.npv,
      roi: outputs.roi,
    },
  };
}

function warningsOf(
  parts: readonly Part[],
  { conflicts }: ClaimScaling,
  currency: CurrencyCode,
): PortfolioOutputs['warnings'] {
  const excluded = parts.flatMap(({ input: { project }, excludedBecause }) =>
    excludedBecause === null
      ? []
      : [
          {
            code: excludedBecause.startsWith('there is no exchange rate')
              ? ('value/missing-fx-rate' as const)
              : ('value/partial' as const),
            projectId: project.id,
            message: `${project.name} is left out of every ${currency} figure: ${excludedBecause}`,
          },
        ],
  );
  const claimed = conflicts.map(({ claimKey, from, to, attributionTotal, claimants }) => ({
    code: 'value/claim-conflict' as const,
    projectId: null,
    message: `${claimKey} is claimed ${percent(attributionTotal)} from ${from} to ${to} (${claimants
      .map(({ projectId, metricId, attribution }) => `${projectId}/${metricId} ${percent(attribution)}`)
      .join(', ')}); each share is scaled to make up the whole`,
  }));
  return [...excluded, ...claimed];
}

const percent = (share: string): string => `${new Decimal(share).times(100).toDecimalPlaces(1).toFixed()}%`;

function basisOf(portfolio: Portfolio, counted: readonly Part[], of: number, baseDate: LocalDate | null): string {
  if (baseDate === null) return 'no project';
  const rates = portfolio.discount === null ? 'each project’s own rates' : 'the portfolio’s rates';
  const isReal = counted.some(({ input }) => input.project.priceBasis.kind === 'real');
  // A portfolio's rates are nominal; of its own rates each project has its prices.
  const prices = portfolio.discount === null && isReal ? ', present values in each project’s own prices' : '';
  return `${counted.length} of ${of} projects, closed periods, discounted at ${rates} to ${baseDate}${prices}, claims settled`;
}
