import { Decimal, moneyString, plain } from '../money/decimal.ts';
import { createFxBook } from '../money/fx-book.ts';
import { costOutlook } from '../plan/cost-outlook.ts';
import { evaluatePlan, type PlannedMetric, type PlanValue, planInForce } from '../plan/plan-value.ts';
import type { DecimalString } from '../types.ts';
import type { RoiInput } from '../value/input.ts';
import type { ForecastOutput, RoiOutputs, VarianceParts } from '../value/outputs.ts';
import { discountFactorOf } from '../value/present-value.ts';
import { yearlyNetFlows } from '../value/returns.ts';
import { explainCost } from './explain-cost.ts';
import { explainMetric } from './explain-metric.ts';
import { metricPath } from './figure-names.ts';
import { type ExplainNode, type ExplainValue, node } from './node.ts';

/** What the figures of plan, forecast and variance are drawn from. */
export interface OutlookScope {
  input: RoiInput;
  outputs: RoiOutputs;
}

const moneyOf =
  ({ outputs: { currency } }: OutlookScope) =>
  (amount: DecimalString | Decimal | null): ExplainValue | null =>
    amount === null
      ? null
      : { kind: 'money', amount: typeof amount === 'string' ? amount : moneyString(amount), currency };

function planOf({ input }: OutlookScope): PlanValue | null {
  const version = planInForce(input.project, input.asOf);
  return version && evaluatePlan(input.project, version, input.closedBefore).plan;
}

const NO_PLAN = 'no plan was frozen by the date';

/** NPV at completion: its discounted flows, and behind them benefit and cost at completion. */
export function explainForecast(scope: OutlookScope): ExplainNode {
  const { forecast, plan } = scope.outputs;
  const money = moneyOf(scope);
  const base = { path: 'forecast', kind: 'figure' as const, label: 'NPV at completion' };
  if (forecast === null)
    return node({
      ...base,
      value: null,
      note: plan === null ? NO_PLAN : 'what was is not known, so nothing is forecast',
    });
  return node({
    ...base,
    value: money(forecast.npvAtCompletion),
    formula: 'Σ flow of each month × its discount factor; actuals, and what remains of the plan × k',
    note: scope.outputs.basis,
    children: [
      benefitAtCompletion(scope, forecast),
      explainEstimate(scope),
      node({
        path: 'forecast/flows',
        kind: 'term',
        label: 'Discounted net flows',
        value: money(forecast.npvAtCompletion),
        combine: 'sum',
        children: forecast.cashFlows.map(({ date, benefit, cost, isForecast }) => {
          const [gain, spent] = (['benefit', 'cost'] as const).map((side) =>
            discountFactorOf(scope.input.project, date, side),
          ) as [Decimal, Decimal];
          return node({
            path: `forecast/flows/${date}`,
            kind: 'flow',
            label: `Flow of ${date}${isForecast ? ', expected' : ''}`,
            value: money(gain.times(benefit).minus(spent.times(cost))),
            formula: `${benefit} × ${plain(gain.toSignificantDigits(8))} − ${cost} × ${plain(spent.toSignificantDigits(8))}`,
          });
        }),
      }),
    ],
  });
}

function benefitAtCompletion(scope: OutlookScope, forecast: ForecastOutput): ExplainNode {
  const money = moneyOf(scope);
  const plan = planOf(scope);
  return node({
    path: 'forecast/benefit',
    kind: 'term',
    label: 'Benefit at completion',
    value: money(forecast.benefitAtCompletion),
    formula: 'Σ actual + expected of each metric',
    combine: 'sum',
    children: forecast.metrics.map((metric) => {
      const path = `forecast/benefit/${metric.metricId}`;
      const factor = forecast.factors.find(({ metricId }) => metricId === metric.metricId);
      const definition = scope.input.project.metrics.find(({ id }) => id === metric.metricId);
      const output = scope.outputs.metrics.find(({ metricId }) => metricId === metric.metricId);
      const planned = plan?.metrics.find((each) => each.metric.id === metric.metricId);
      const actual =
        definition && output
          ? [
              explainMetric(
                { project: scope.input.project, fx: createFxBook(scope.input.fxRates, scope.input.fxQuotes) },
                definition,
                output,
              ),
            ]
          : [];
      return node({
        path,
        kind: 'metric',
        label: definition?.name ?? metric.metricId,
        value: money(new Decimal(metric.actual).plus(metric.expected)),
        formula: `${metric.actual} + ${metric.expected}`,
        combine: 'sum',
        children: [
          ...actual,
          node({
            path: `${path}/expected`,
            kind: 'term',
            label: 'Expected: what remains of the plan × k',
            value: money(metric.expected),
            formula: `${metric.remainingPlan} × ${factor?.factor ?? '1'}`,
            note: factor === undefined ? null : performanceNote(factor),
            children: planned === undefined ? [] : plannedNodes(scope, planned, `${path}/plan`, 'asStarted'),
          }),
        ],
      });
    }),
  });
}

const performanceNote = ({ ratio, periods }: ForecastOutput['factors'][number]): string =>
  ratio === null
    ? 'k: nothing to compare with the plan yet'
    : `k: actual / plan ${ratio} over the last ${periods} periods, shrunk toward 1 and clamped`;

/** The periods as the plan has them: P, C and the money at the budget rates. */
function plannedNodes(
  scope: OutlookScope,
  { metric, promise, ...periods }: PlannedMetric,
  path: string,
  which: 'planned' | 'asStarted',
): ExplainNode[] {
  return periods[which].map(({ from, to, level, counterfactual, gross, benefit }) =>
    node({
      path: `${path}/${from}`,
      kind: 'period',
      label: `Planned, ${from} to ${to}`,
      value: moneyOf(scope)(benefit),
      formula: `G ${moneyString(gross)} × a ${promise.attribution} × (1 − ${promise.deadweight}) × (1 − ${promise.displacement}) × q ${promise.confidence}${promise.dropOff === '0' ? '' : ` × (1 − ${promise.dropOff})^years`}`,
      note: `planned level ${plain(level.toSignificantDigits(12))} ${metric.unit} against ${plain(counterfactual.toSignificantDigits(12))}, ${promise.rate.amount} ${promise.rate.currency} each`,
    }),
  );
}

/** Estimate at completion: what is spent, and each amount that is expected to be. */
export function explainEstimate(scope: OutlookScope): ExplainNode {
  const { outputs, input } = scope;
  const money = moneyOf(scope);
  const { forecast, costs } = outputs;
  const plan = planOf(scope);
  const book = createFxBook(input.fxRates, input.fxQuotes);
  const total = forecast?.costAtCompletion ?? costs.estimateAtCompletion;
  const risk = input.project.costRisk === '0' ? '' : `, each × (1 + cost risk ${input.project.costRisk})`;
  const outlook = costOutlook(input, plan ?? { costs: [] }, book);
  const expected = total === null ? [] : (outlook?.expected ?? []);
  const toCome = total === null || outputs.costToDate === null ? null : new Decimal(total).minus(outputs.costToDate);
  return node({
    path: 'eac',
    kind: 'figure',
    label: 'Estimate at completion (EAC)',
    value: money(total),
    formula: 'cost to date + open commitments + forecast',
    combine: 'sum',
    note:
      total === null
        ? outputs.costToDate === null
          ? 'cost to date is not known'
          : 'no commitment, forecast line or plan says what is still to come'
        : null,
    children: [
      explainCost(input, outputs),
      node({
        path: 'eac/to-come',
        kind: 'term',
        label: 'Cost to come',
        value: money(toCome),
        combine: 'sum',
        note:
          outlook === null
            ? 'a line has no exchange rate'
            : outlook.basis === 'lines'
              ? `open commitments and forecast lines${risk}`
              : `no such line: what remains of the plan${risk}`,
        children: expected.map(({ date, amount, pool }, index) =>
          node({
            path: `eac/to-come/${index + 1}`,
            kind: 'cost-line',
            label: `${date} expected: ${pool}`,
            value: money(amount),
          }),
        ),
      }),
    ],
  });
}

/** The plan's NPV, and each promise and cost that it is made of. */
export function explainPlan(scope: OutlookScope): ExplainNode {
  const { plan } = scope.outputs;
  const money = moneyOf(scope);
  if (plan === null) return node({ path: 'plan', kind: 'figure', label: 'Plan', value: null, note: NO_PLAN });
  const value = planOf(scope);
  return node({
    path: 'plan',
    kind: 'figure',
    label: `NPV of plan ${plan.version}`,
    value: money(plan.npv),
    formula: 'Σ flow of each month × its discount factor, at the plan’s budget rates',
    note: `frozen on ${plan.frozenOn}${plan.approvedBy === null ? '' : `, approved by ${plan.approvedBy}`}; ROI ${plan.roi ?? 'n/a'}; to date: benefit ${plan.benefitToDate}, cost ${plan.costToDate}`,
    children: [
      node({
        path: 'plan/benefit',
        kind: 'term',
        label: 'Benefit over the horizon',
        value: money(plan.benefitTotal),
        combine: 'sum',
        children: (value?.metrics ?? []).map((planned) =>
          node({
            path: `plan/benefit/${planned.metric.id}`,
            kind: 'metric',
            label: planned.metric.name,
            value: money(plan.metrics.find(({ metricId }) => metricId === planned.metric.id)?.benefitTotal ?? null),
            combine: 'sum',
            children: plannedNodes(scope, planned, `plan/benefit/${planned.metric.id}`, 'planned'),
          }),
        ),
      }),
      node({
        path: 'plan/cost',
        kind: 'term',
        label: 'Cost over the horizon',
        value: money(plan.costTotal),
        combine: 'sum',
        children: (value?.costs ?? []).map(({ date, amount, pool }, index) =>
          node({
            path: `plan/cost/${index + 1}`,
            kind: 'cost-line',
            label: `${date} planned: ${pool}`,
            value: money(amount),
          }),
        ),
      }),
    ],
  });
}

/** Actual − plan to date, of benefit and cost, in its four parts. */
export function explainVariance(scope: OutlookScope): ExplainNode {
  const { variance, plan } = scope.outputs;
  const money = moneyOf(scope);
  const base = { path: 'variance', kind: 'figure' as const, label: 'Variance to date: actual − plan' };
  if (variance === null || plan === null) return node({ ...base, value: null, note: NO_PLAN });
  const parts = (path: string, label: string, of: VarianceParts | null): ExplainNode =>
    node({
      path,
      kind: 'term',
      label,
      value: money(of?.total ?? null),
      formula: of && 'volume + rate + timing + exchange rates',
      combine: 'sum',
      note: of === null ? 'not known to date' : null,
      children:
        of === null
          ? []
          : (['volume', 'rate', 'timing', 'fx'] as const).map((part) =>
              node({
                path: `${path}/${part}`,
                kind: 'term',
                label: part === 'fx' ? 'exchange rates' : part,
                value: money(of[part]),
              }),
            ),
    });
  return node({
    ...base,
    value: null,
    note: `against plan ${plan.version}: benefit ${plan.benefitToDate}, cost ${plan.costToDate} to date`,
    children: [
      parts('variance/benefit', 'Benefit', variance.benefit),
      ...variance.metrics.map(({ metricId, benefit }) =>
        parts(`variance/${metricPath(metricId)}`, `Benefit of ${metricId}`, benefit),
      ),
      parts('variance/cost', 'Cost', variance.cost),
    ],
  });
}

/** The interval with its seed and everything that was varied or was not. */
export function explainInterval(scope: OutlookScope): ExplainNode {
  const { doubt } = scope.outputs;
  const money = moneyOf(scope);
  const base = { path: 'interval', kind: 'figure' as const, label: 'NPV, P50' };
  if (doubt === null)
    return node({
      ...base,
      value: null,
      note: 'there is no headline, or nothing is known of its doubt: no baseline has a spread, and every confidence is 100%',
    });
  const ends = (path: string, label: string, amount: DecimalString): ExplainNode =>
    node({ path: `interval/${path}`, kind: 'term', label, value: money(amount) });
  return node({
    ...base,
    value: money(doubt.npv.p50),
    note: `${doubt.draws} draws with seed ${doubt.seed}; NPV is above zero in ${doubt.probabilityNpvPositive} of them`,
    children: [
      ends('p10', 'P10: lower in one of ten', doubt.npv.p10),
      ends('p90', 'P90: higher in one of ten', doubt.npv.p90),
      ...doubt.assumptions.map(({ driver, name, varied, distribution }) =>
        node({
          path: `interval/${driver}`,
          kind: 'term',
          label: `${name}${varied ? '' : ', not varied'}`,
          value: null,
          note: distribution,
        }),
      ),
    ],
  });
}

/** MIRR by the net flows of each year of the project. */
export function explainMirr(scope: OutlookScope): ExplainNode {
  const { outputs, input } = scope;
  const flows = outputs.cashFlows.map(({ date, benefit, cost }) => ({
    date,
    benefit: new Decimal(benefit),
    cost: new Decimal(cost),
  }));
  const isTei = input.project.convention === 'tei';
  const nameOf = (column: number): string =>
    isTei && column === 0 ? 'the initial column' : `year ${isTei ? column : column + 1} of the project`;
  return node({
    path: 'mirr',
    kind: 'figure',
    label: 'MIRR',
    value: outputs.mirr === null ? null : { kind: 'ratio', ratio: outputs.mirr },
    formula:
      '(future value of the yearly net inflows / −present value of the outflows)^(1/n) − 1, at the project’s own rates',
    note:
      outputs.mirr === null ? 'there is no year with an outflow, none with an inflow, or one year only' : outputs.basis,
    children: yearlyNetFlows(input.project, flows).map((amount, column) =>
      node({
        path: `mirr/${column}`,
        kind: 'flow',
        label: `Net flow of ${nameOf(column)}`,
        value: moneyOf(scope)(amount),
      }),
    ),
  });
}
