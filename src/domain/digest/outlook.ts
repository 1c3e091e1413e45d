import { Decimal } from 'decimal.js';
import type { DecimalString } from '../types.ts';
import type { DoubtOutput, RoiOutputs, VarianceParts } from '../value/outputs.ts';
import type { DigestAgainstPlan, DigestCost, DigestDoubt, DigestOutlook, VarianceCause } from './facts.ts';

export function costOf({ costToDate, costs, forecast, plan }: RoiOutputs): DigestCost {
  return {
    toDate: costToDate,
    budget: costs.budget,
    commitments: costs.commitments,
    accrual: costs.accrual,
    atCompletion: forecast?.costAtCompletion ?? costs.estimateAtCompletion,
    planned: plan?.costTotal ?? null,
  };
}

/** How far the figures may be off, to date or at completion. */
export function doubtOf(
  doubt: DoubtOutput | null,
  part: Pick<DoubtOutput, 'npv' | 'roi' | 'probabilityNpvPositive'> | null,
): DigestDoubt | null {
  if (doubt === null || part === null) return null;
  const ends = ({ p10, p90 }: DoubtOutput['npv']) => ({ p10, p90 });
  return {
    draws: doubt.draws,
    npv: ends(part.npv),
    roi: part.roi === null ? null : ends(part.roi),
    probabilityNpvPositive: part.probabilityNpvPositive,
  };
}

/** What was promised beside what is and what will be. Null without a plan. */
export function outlookOf(outputs: RoiOutputs): DigestOutlook | null {
  const { plan, forecast, variance, doubt } = outputs;
  if (plan === null) return null;
  const toDate = (now: DecimalString | null, planned: DecimalString, parts: VarianceParts | null | undefined) =>
    now === null ? null : againstPlan(planned, now, mostOf(parts ?? null));
  return {
    plan: plan.version,
    frozenOn: plan.frozenOn,
    benefitToDate: toDate(outputs.benefitToDate, plan.benefitToDate, variance?.benefit),
    costToDate: toDate(outputs.costToDate, plan.costToDate, variance?.cost),
    atCompletion:
      forecast === null
        ? null
        : {
            npv: againstPlan(plan.npv, forecast.npvAtCompletion),
            roi: forecast.roiAtCompletion === null ? null : againstPlan(plan.roi, forecast.roiAtCompletion),
            paybackDate: forecast.payback.date,
            doubt: doubtOf(doubt, doubt?.atCompletion ?? null),
          },
    constantCurrency: constantCurrencyOf(outputs),
  };
}

function againstPlan(
  plan: DecimalString | null,
  now: DecimalString,
  mostly: VarianceCause | null = null,
): DigestAgainstPlan {
  if (plan === null) return { plan, now, difference: null, share: null, mostly: null };
  const difference = new Decimal(now).minus(plan);
  const share = new Decimal(plan).isZero() ? null : difference.div(new Decimal(plan).abs());
  return {
    plan,
    now,
    difference: difference.toFixed(),
    share: share === null ? null : share.toDecimalPlaces(6).toFixed(),
    mostly,
  };
}

const causes: readonly VarianceCause[] = ['volume', 'rate', 'timing', 'fx'];

/** One that is at least half of the whole and goes the same way. */
function mostOf(parts: VarianceParts | null): VarianceCause | null {
  if (parts === null) return null;
  const total = new Decimal(parts.total);
  if (total.isZero()) return null;
  return causes.find((cause) => new Decimal(parts[cause]).div(total).gte('0.5')) ?? null;
}

/** Where some figure is another one, to the cent. */
function constantCurrencyOf({ constantCurrency, benefitToDate, costToDate, npv }: RoiOutputs) {
  if (constantCurrency === null || constantCurrency.npv === null) return null;
  const { benefitToDate: benefit, costToDate: cost } = constantCurrency;
  if (benefit === null || cost === null) return null;
  const differs = (a: DecimalString, b: DecimalString | null): boolean =>
    b !== null && new Decimal(a).minus(b).abs().gte('0.01');
  const any = differs(benefit, benefitToDate) || differs(cost, costToDate) || differs(constantCurrency.npv, npv);
  return any ? { benefitToDate: benefit, costToDate: cost, npv: constantCurrency.npv } : null;
}
