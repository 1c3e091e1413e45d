import {
  addMonths,
  type FxRate,
  type LocalDate,
  type PlannedBenefit,
  type PlannedCost,
  type PlanVersion,
  type StoredSample,
  startOfDayMs,
} from '#domain';
import { sampleAt } from './value.ts';

/** The failures of `metricWith` brought from 119 a month to 80, at €450 each. */
export function promiseWith(changes: Partial<PlannedBenefit> = {}): PlannedBenefit {
  return {
    metricId: 'failures',
    curve: [{ from: '2026-01-01', value: '80' }],
    interpolation: 'step',
    counterfactual: '119',
    counterfactualChange: '0',
    rate: { amount: '450', currency: 'EUR', perPeriod: null },
    exposure: null,
    attribution: '1',
    deadweight: '0',
    displacement: '0',
    confidence: '1',
    dropOff: '0',
    ramp: [],
    startsOn: '2026-01-01',
    endsOn: null,
    ...changes,
  };
}

export function plannedCostWith(changes: Partial<PlannedCost> = {}): PlannedCost {
  return {
    date: '2026-01-15',
    amount: '1000',
    currency: 'EUR',
    pool: null,
    capitalisation: 'opex',
    recurrence: 'one-off',
    text: null,
    ...changes,
  };
}

export function planWith(changes: Partial<PlanVersion> = {}): PlanVersion {
  return {
    id: 'business-case',
    frozenOn: '2025-12-01',
    approvedBy: 'Investment board',
    note: null,
    fxRates: [],
    costs: [],
    benefits: [promiseWith()],
    ...changes,
  };
}

export const budgetRate = (from: string, to: string, rate: string): FxRate => ({
  from,
  to,
  rate,
  validFrom: '0001-01-01',
  validTo: null,
  source: 'plan',
});

/** One final sample for each calendar month from a date on; null: nothing was received. */
export function monthly(
  from: LocalDate,
  values: readonly (number | null)[],
  timeZone = 'Europe/Berlin',
): StoredSample[] {
  return values.flatMap((value, index) => {
    const [start, end] = [addMonths(from, index), addMonths(from, index + 1)].map((date) =>
      startOfDayMs(date, timeZone),
    );
    return value === null || start === undefined || end === undefined ? [] : [sampleAt(start, end - start, value)];
  });
}
