import type { Interval, RoiOutputs, VarianceParts } from '#domain';
import { type CsvRow, snakeCase } from './csv-row.ts';

/** Plan, forecast, variance, doubt and curve: one row a figure. None where the headline is withheld. */
export function modelRows(outputs: RoiOutputs): CsvRow[] {
  return [
    ...planRows(outputs),
    ...forecastRows(outputs),
    ...varianceRows(outputs),
    ...doubtRows(outputs),
    ...sensitivityRows(outputs),
    ...outputs.npvCurve.map(({ rate, npv }) => ({ record: 'npv-curve', rate, amount: npv })),
    ...outputs.fiscalYears.map(({ name, from, to, benefit, cost, net }) => ({
      ...{ record: 'fiscal-year', name, from, to, benefit, amount: cost },
      note: net === null ? null : `benefit less cost: ${net}`,
    })),
  ];
}

/** What needs no headline: when things are there, how a counterfactual was found, lines that could not be taken. */
export function evidenceRows({ deliverables, metrics, costs }: RoiOutputs): CsvRow[] {
  return [
    ...deliverables.map(({ id, name, plannedOn, forecastOn, actualOn, state, daysLate }) => ({
      ...{ record: 'deliverable', metric: null, name, from: plannedOn, to: actualOn ?? forecastOn, status: state },
      note: `${id}: ${daysLate} days after the plan`,
    })),
    ...metrics.flatMap(({ metricId, name, unit, fit }) =>
      fit === null
        ? []
        : [
            ...(['intercept', 'slope', 'adjustment', 'rSquared', 'residualSd'] as const).map((part) => ({
              ...{ record: 'fit', metric: metricId, name: `${name}: ${part}`, unit, amount: fit[part] },
              note: `${fit.method}, n ${fit.n}`,
            })),
          ],
    ),
    ...costs.problems.map(({ sourceKey, document, amount, currency, postingDate, code, message }) => ({
      ...{ record: 'cost-problem', name: document ?? sourceKey, from: postingDate, unit: currency, amount },
      ...{ status: code, note: message },
    })),
  ];
}

function planRows({ plan }: RoiOutputs): CsvRow[] {
  if (plan === null) return [];
  const note = `${plan.version}, frozen ${plan.frozenOn}`;
  const { benefitToDate, costToDate, benefitTotal, costTotal, npv, roi } = plan;
  return figures('plan', { benefitToDate, costToDate, benefitTotal, costTotal, npv, roi }, note);
}

function forecastRows({ forecast, constantCurrency }: RoiOutputs): CsvRow[] {
  const rows =
    constantCurrency === null ? [] : figures('constant-currency', constantCurrency, 'at the rates of the plan');
  if (forecast === null) return rows;
  const { benefitAtCompletion, costAtCompletion, costToCome, npvAtCompletion, roiAtCompletion } = forecast;
  const totals = { benefitAtCompletion, costAtCompletion, costToCome, npvAtCompletion, roiAtCompletion };
  return [
    ...rows,
    ...figures('forecast', totals, `cost to come by ${forecast.costBasis}`),
    ...forecast.factors.map(({ metricId, factor, ratio, periods }) => ({
      ...{ record: 'forecast', metric: metricId, name: 'factor', amount: factor },
      note: ratio === null ? 'no period yet' : `actual / plan ${ratio} in ${periods} periods`,
    })),
  ];
}

function varianceRows({ variance }: RoiOutputs): CsvRow[] {
  if (variance === null) return [];
  const of = (name: string, parts: VarianceParts | null, metric: string | null = null): CsvRow[] =>
    parts === null
      ? []
      : (['total', 'volume', 'rate', 'timing', 'fx'] as const).map((part) => ({
          ...{ record: 'variance', metric, name: `${name}_${part}`, amount: parts[part] },
        }));
  return [
    ...of('benefit', variance.benefit),
    ...of('cost', variance.cost),
    ...variance.metrics.flatMap(({ metricId, benefit }) => of('benefit', benefit, metricId)),
  ];
}

function doubtRows({ doubt }: RoiOutputs): CsvRow[] {
  if (doubt === null) return [];
  const note = `seed ${doubt.seed}, ${doubt.draws} draws`;
  const of = (name: string, interval: Interval | null): CsvRow[] =>
    interval === null
      ? []
      : (['p10', 'p50', 'p90'] as const).map((point) => ({
          ...{ record: 'doubt', name: `${name}_${point}`, amount: interval[point], note },
        }));
  const probability = (name: string, amount: string): CsvRow => ({ record: 'doubt', name, amount, note });
  const { atCompletion } = doubt;
  return [
    ...of('npv', doubt.npv),
    ...of('roi', doubt.roi),
    probability('probability_npv_positive', doubt.probabilityNpvPositive),
    ...(atCompletion === null
      ? []
      : [
          ...of('npv_at_completion', atCompletion.npv),
          ...of('roi_at_completion', atCompletion.roi),
          probability('probability_npv_at_completion_positive', atCompletion.probabilityNpvPositive),
        ]),
    ...doubt.assumptions.map(({ driver, name, varied, distribution }) => ({
      ...{ record: 'assumption', source: driver, name, status: varied ? 'varied' : 'fixed', note: distribution },
    })),
  ];
}

function sensitivityRows({ sensitivity }: RoiOutputs): CsvRow[] {
  if (sensitivity === null) return [];
  return [
    ...sensitivity.tornado.flatMap(({ driver, name, range, low, high, npvAtLow, npvAtHigh }) => [
      { record: 'tornado', source: driver, name, status: 'low', actual: low, amount: npvAtLow, note: range },
      { record: 'tornado', source: driver, name, status: 'high', actual: high, amount: npvAtHigh, note: range },
    ]),
    ...sensitivity.switching.map(({ driver, name, base, value }) => ({
      ...{ record: 'switching', source: driver, name, actual: base, amount: value },
      note: value === null ? 'NPV is zero nowhere in its range' : 'NPV is zero there',
    })),
  ];
}

/** `benefitToDate` → `benefit_to_date`. */
const figures = (record: string, of: Record<string, string | null>, note: string): CsvRow[] =>
  Object.entries(of).map(([name, amount]) => ({
    ...{ record, name: snakeCase(name), amount, note },
  }));
