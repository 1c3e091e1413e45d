import { metricProfilesOf } from '../doubt/metric-profile.ts';
import { sensitivityOf } from '../doubt/sensitivity.ts';
import { doubtOf } from '../doubt/simulate.ts';
import { overCost } from '../money/decimal.ts';
import { deliverablesAt } from '../plan/deliverables.ts';
import { planFigures } from '../plan/plan-figures.ts';
import { toComeOf } from '../plan/to-come.ts';
import { basisOf } from './basis.ts';
import { addCoverage, money, moneyOrNull, ratioOrNull } from './figures.ts';
import { fiscalYearsOf } from './fiscal-years.ts';
import type { RoiInput } from './input.ts';
import type { RoiOutputs } from './outputs.ts';
import { irrOf, mirrOf, NO_IRR, NO_PAYBACK, npvCurveOf, paybackOf } from './returns.ts';
import { valuate } from './valuation.ts';

/** Of the arithmetic: raised when the same inputs would give other figures. Part of each snapshot's identity. */
export const engineVersion = '4';

/**
 * Everything that is known about a project's worth as of a date: benefit of the closed periods and cost to date,
 * monthly flows discounted from the project's start as its convention, rates and price basis have it, ROI = (PVB − PVC)/PVC,
 * BCR = PVB/PVC, realised ROI = (benefit − cost)/cost, every IRR, MIRR, payback. A figure that cannot be given honestly is null and a
 * warning says why. Pure: equal inputs give equal bytes.
 */
export function computeRoi(input: RoiInput): RoiOutputs {
  const { project, asOf, closedBefore } = input;
  const valuation = valuate(input);
  const { metrics, costs, benefitToDate, flows, presentValue, hasHeadline } = valuation;
  const profiles = hasHeadline ? metricProfilesOf(valuation) : [];
  const { completion, warnings: planWarnings, ...planned } = planFigures(valuation);
  const fiscal = fiscalYearsOf(valuation);
  const cost = costs.toDate;
  const npv = presentValue.benefits.minus(presentValue.costs);
  return {
    projectId: project.id,
    asOf,
    currency: project.currency,
    timeZone: project.timeZone,
    basis: basisOf(project, closedBefore),
    benefitToDate: moneyOrNull(benefitToDate),
    unadjustedBenefitToDate: moneyOrNull(valuation.unadjustedBenefitToDate),
    costToDate: moneyOrNull(cost),
    pvBenefits: benefitToDate && money(presentValue.benefits),
    pvCosts: cost && money(presentValue.costs),
    npv: hasHeadline ? money(npv) : null,
    roi: ratioOrNull(hasHeadline ? overCost(npv, presentValue.costs) : null),
    realisedRoi: ratioOrNull(benefitToDate && cost && overCost(benefitToDate.minus(cost), cost)),
    bcr: ratioOrNull(hasHeadline ? overCost(presentValue.benefits, presentValue.costs) : null),
    irr: hasHeadline ? irrOf(project, flows) : NO_IRR,
    payback: hasHeadline ? paybackOf(project, flows, false) : NO_PAYBACK,
    discountedPayback: hasHeadline ? paybackOf(project, flows, true) : NO_PAYBACK,
    coverage: addCoverage(metrics.filter(({ output }) => output.monetised).map(({ output }) => output.coverage)),
    cashFlows: flows.map(({ date, benefit, cost: paid }) => ({ date, benefit: money(benefit), cost: money(paid) })),
    metrics: metrics.map(({ output }) => output),
    costs: costs.output,
    convention: project.convention,
    mirr: hasHeadline ? mirrOf(project, flows) : null,
    npvCurve: hasHeadline ? npvCurveOf(project, flows) : [],
    fiscalYears: fiscal.years,
    ...planned,
    deliverables: deliverablesAt(project, asOf),
    doubt: doubtOf(valuation, profiles, completion && toComeOf(valuation, completion)),
    sensitivity: sensitivityOf(valuation, profiles),
    warnings: [...metrics.flatMap(({ warnings }) => warnings), ...costs.warnings, ...planWarnings, ...fiscal.warnings],
  };
}
