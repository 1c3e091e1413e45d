import { Decimal, moneyString, plain } from '../money/decimal.ts';
import { createFxBook } from '../money/fx-book.ts';
import { addDays } from '../time/dates.ts';
import { periodAt } from '../time/periods.ts';
import type { DecimalString } from '../types.ts';
import type { RoiInput } from '../value/input.ts';
import type { MetricOutput, PeriodOutput, RoiOutputs } from '../value/outputs.ts';
import { discountFactorOf } from '../value/present-value.ts';
import { explainCost } from './explain-cost.ts';
import type { ExplainScope } from './explain-fx.ts';
import { explainMetric, explainPeriod } from './explain-metric.ts';
import {
  explainEstimate,
  explainForecast,
  explainInterval,
  explainMirr,
  explainPlan,
  explainVariance,
} from './explain-outlook.ts';
import type { ExplainedFigure } from './figure-names.ts';
import { type ExplainNode, type ExplainValue, node } from './node.ts';

/** The tree of one figure down to periods and cost lines; samples and pages are found in the store. Pure. */
export function explainFigure(input: RoiInput, outputs: RoiOutputs, figure: ExplainedFigure): ExplainNode {
  const { currency } = outputs;
  const money = (amount: DecimalString | null): ExplainValue | null =>
    amount === null ? null : { kind: 'money', amount, currency };
  const ratio = (value: DecimalString | null): ExplainValue | null =>
    value === null ? null : { kind: 'ratio', ratio: value };
  const pv = () => [presentValue(input, outputs, 'benefit'), presentValue(input, outputs, 'cost')];
  const base = { path: figure, kind: 'figure' as const, note: outputs.basis };
  switch (figure) {
    case 'roi':
      return node({
        ...base,
        label: 'ROI',
        value: ratio(outputs.roi),
        formula: '(PV of benefits − PV of costs) / PV of costs',
        combine: 'gain-quotient',
        children: pv(),
      });
    case 'npv':
      return node({
        ...base,
        label: 'NPV',
        value: money(outputs.npv),
        formula: 'PV of benefits − PV of costs',
        combine: 'difference',
        children: pv(),
      });
    case 'bcr':
      return node({
        ...base,
        label: 'Benefit–cost ratio',
        value: ratio(outputs.bcr),
        formula: 'PV of benefits / PV of costs',
        combine: 'quotient',
        children: pv(),
      });
    case 'realised-roi':
      return node({
        ...base,
        label: 'Realised ROI, undiscounted',
        value: ratio(outputs.realisedRoi),
        formula: '(benefit to date − cost to date) / cost to date',
        combine: 'gain-quotient',
        children: [explainFigure(input, outputs, 'benefit'), explainFigure(input, outputs, 'cost')],
      });
    case 'benefit':
      return node({
        ...base,
        label: 'Benefit to date',
        value: money(outputs.benefitToDate),
        formula: 'Σ benefit of the closed periods of each metric',
        combine: 'sum',
        children: metricsOf(input, outputs).map(({ definition, output }) =>
          explainMetric(scopeOf(input), definition, output),
        ),
      });
    case 'unadjusted-benefit':
      return node({
        ...base,
        label: 'Benefit before attribution, deadweight, displacement, confidence and drop-off',
        value: money(outputs.unadjustedBenefitToDate),
        combine: 'sum',
        children: metricsOf(input, outputs).map(({ output }) =>
          node({
            path: `unadjusted-benefit/${output.metricId}`,
            kind: 'metric',
            label: output.name,
            value: money(output.unadjustedBenefitToDate),
          }),
        ),
      });
    case 'cost':
      return explainCost(input, outputs);
    case 'pv-benefits':
      return presentValue(input, outputs, 'benefit');
    case 'pv-costs':
      return presentValue(input, outputs, 'cost');
    case 'irr':
      return node({
        ...base,
        label: 'IRR',
        value: outputs.irr.status === 'unique' ? ratio(outputs.irr.value) : null,
        formula: 'every r with Σ net flow / (1 + r)^(days / 365) = 0, in (−0.99, 10]',
        note: irrNote(outputs),
        children: flows(outputs, figure),
      });
    case 'payback':
    case 'discounted-payback': {
      const result = figure === 'payback' ? outputs.payback : outputs.discountedPayback;
      return node({
        ...base,
        label: figure === 'payback' ? 'Payback' : 'Discounted payback',
        value: result.date === null ? null : { kind: 'date', date: result.date },
        formula: `first day on which the cumulative ${figure === 'payback' ? '' : 'discounted '}net flow is no longer below zero`,
        note: result.date === null ? 'not reached' : result.crossesBack ? 'it falls below zero again later' : null,
        children: flows(outputs, figure),
      });
    }
    case 'coverage':
      return node({
        ...base,
        label: 'Coverage',
        value: ratio(outputs.coverage.ratio),
        formula: `${outputs.coverage.received} received / ${outputs.coverage.expected} expected points`,
        children: outputs.metrics
          .filter(({ monetised }) => monetised)
          .map(({ metricId, name, coverage }) =>
            node({
              path: `coverage/${metricId}`,
              kind: 'metric',
              label: name,
              value: ratio(coverage.ratio),
              formula: `${coverage.received} / ${coverage.expected} points`,
            }),
          ),
      });
    case 'forecast':
      return explainForecast({ input, outputs });
    case 'eac':
      return explainEstimate({ input, outputs });
    case 'plan':
      return explainPlan({ input, outputs });
    case 'variance':
      return explainVariance({ input, outputs });
    case 'interval':
      return explainInterval({ input, outputs });
    case 'mirr':
      return explainMirr({ input, outputs });
  }
}

const scopes = new WeakMap<RoiInput, ExplainScope>();
/** One book of rates for all trees of an input. */
export function scopeOf(input: RoiInput): ExplainScope {
  const scope = scopes.get(input) ?? { project: input.project, fx: createFxBook(input.fxRates, input.fxQuotes) };
  scopes.set(input, scope);
  return scope;
}

function metricsOf(input: RoiInput, outputs: RoiOutputs) {
  return outputs.metrics.flatMap((output) => {
    const definition = input.project.metrics.find(({ id }) => id === output.metricId);
    return definition === undefined || output.benefitToDate === null ? [] : [{ definition, output }];
  });
}

function presentValue(input: RoiInput, outputs: RoiOutputs, side: 'benefit' | 'cost'): ExplainNode {
  const { currency } = outputs;
  const path = side === 'benefit' ? 'pv-benefits' : 'pv-costs';
  const total = side === 'benefit' ? outputs.pvBenefits : outputs.pvCosts;
  const children = outputs.cashFlows
    .filter((flow) => flow[side] !== '0')
    .map((flow) => {
      const factor = discountFactorOf(input.project, flow.date, side);
      const month = periodAt(flow.date, 'month');
      return node({
        path: `${path}/${flow.date.slice(0, 7)}`,
        kind: 'flow',
        label: `${side === 'benefit' ? 'Benefit' : 'Cost'} of ${flow.date.slice(0, 7)}, dated ${flow.date}`,
        value: { kind: 'money', amount: moneyString(factor.times(flow[side])), currency },
        formula: `${flow[side]} × ${plain(factor.toSignificantDigits(12))}`,
        children:
          side === 'benefit'
            ? metricsOf(input, outputs).flatMap(({ definition, output }) =>
                periodsOfMonth(output, month).map((period) =>
                  explainPeriod(scopeOf(input), definition, output, period),
                ),
              )
            : explainCost(input, outputs).children.filter(({ label }) => label.startsWith(flow.date.slice(0, 7))),
      });
    });
  return node({
    path,
    kind: 'figure',
    label: side === 'benefit' ? 'PV of benefits' : 'PV of costs',
    value: total === null ? null : { kind: 'money', amount: total, currency },
    formula: `Σ ${side} of each month × its discount factor`,
    combine: 'sum',
    note: outputs.basis,
    children,
  });
}

/** A benefit belongs to the month that holds its period's last day. */
function periodsOfMonth(output: MetricOutput, month: { from: string; to: string }): PeriodOutput[] {
  return output.periods.filter(({ to, benefit }) => {
    const last = addDays(to, -1);
    return benefit !== null && last >= month.from && last < month.to;
  });
}

function irrNote({ irr }: RoiOutputs): string {
  switch (irr.status) {
    case 'unique':
      return 'the only root';
    case 'multiple':
      return `several roots (${irr.roots.join(', ')}), so none is shown: see MIRR and the NPV curve`;
    case 'none':
      return 'no rate from −99% to 1,000% a year makes the net present value zero';
    case 'not-applicable':
      return 'there is no outflow and inflow to compare';
  }
}

function flows({ cashFlows, currency }: RoiOutputs, figure: string): ExplainNode[] {
  return cashFlows.map(({ date, benefit, cost }) =>
    node({
      path: `${figure}/${date}`,
      kind: 'flow',
      label: `Net flow of ${date}`,
      value: { kind: 'money', amount: moneyString(new Decimal(benefit).minus(cost)), currency },
      formula: `${benefit} − ${cost}`,
    }),
  );
}
