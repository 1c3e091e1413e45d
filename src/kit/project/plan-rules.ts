import { fxRateOn } from '../../domain/index.ts';
import type { FxRate, LocalDate } from '../../domain/types.ts';
import { horizonPaths, ownEntry, plannedStart, properHorizonEnd } from './defaults.ts';
import { checkRamp } from './metric-rules.ts';
import type { PlanInput, PlannedBenefitInput } from './plan-schema.ts';
import { benefitsOf, resolveBenefit } from './planned-benefit.ts';
import type { ProblemCollector, ProblemPath } from './problem.ts';
import type { ProjectInput } from './schema.ts';
import { checkStretches } from './stretches.ts';

export function checkPlans(project: ProjectInput, collector: ProblemCollector): void {
  const frozen = new Map<LocalDate, ProblemPath>();
  for (const [id, plan] of Object.entries(project.plans)) {
    const at = ['plans', id];
    const path = [...at, 'frozenOn'];
    const first = frozen.get(plan.frozenOn);
    if (first !== undefined)
      collector.invalid(path, `another version was frozen on ${plan.frozenOn}: which is the later one cannot be told`, {
        seeAlso: first,
        restsOn: [first],
      });
    frozen.set(plan.frozenOn, path);
    checkPlan(project, plan, at, collector);
  }
}

function checkPlan(project: ProjectInput, plan: PlanInput, at: ProblemPath, collector: ProblemCollector): void {
  const { invalid, unknown } = collector;
  const end = properHorizonEnd(project);
  if (end !== null && plan.frozenOn >= end)
    invalid([...at, 'frozenOn'], `the plan is frozen on ${plan.frozenOn}, after the horizon has ended on ${end}`, {
      restsOn: horizonPaths,
    });
  const needRate = checkBudgetRates(project, plan, at, collector);
  for (const [index, { date, currency }] of plan.costs.entries()) {
    const path = [...at, 'costs', index];
    needRate(currency, date, [...path, 'currency'], [[...path, 'date']]);
    if (end !== null && date >= end)
      invalid([...path, 'date'], `lies past the end of the horizon on ${end}: it will not count`, {
        severity: 'warning',
        restsOn: horizonPaths,
      });
  }
  const benefits = benefitsOf(project, plan);
  if (plan.benefits !== undefined && benefits.length === 0)
    invalid(
      [...at, 'benefits'],
      'names no metric: write one as `id: {}` to promise it as it is defined, or leave benefits out to promise all that have a target',
      { severity: 'warning' },
    );
  else if (benefits.length === 0 && plan.costs.length === 0)
    invalid(at, 'promises nothing: write costs and benefits, or give metrics a target', {
      severity: 'warning',
      restsOn: [['metrics'], [...at, 'costs'], [...at, 'benefits']],
    });
  for (const [metricId, written] of benefits) {
    const path = plan.benefits === undefined ? at : [...at, 'benefits', metricId];
    const metric = ownEntry(project.metrics, metricId);
    if (metric === undefined) {
      unknown(path, 'there is no metric', metricId, Object.keys(project.metrics));
      continue;
    }
    const of = plan.benefits === undefined ? `${metricId}: ` : '';
    // A metric with problems of its own says enough.
    const restsOn: ProblemPath[] = [['metrics', metricId], ['startsOn'], [...at, 'frozenOn']];
    if (metric.start !== undefined) restsOn.push(['deliverables', metric.start.deliverable]);
    const resolved = resolveBenefit(project, metric, metricId, plan, written);
    if (!resolved.ok) {
      for (const { key, message } of resolved.gaps)
        if (key !== 'startsOn') invalid([...path, key], `${of}${message}`, { restsOn });
    } else {
      const { rate, startsOn, endsOn } = resolved.benefit;
      const where = written.rate?.currency === undefined ? path : [...path, 'rate', 'currency'];
      needRate(rate.currency, startsOn, where, restsOn);
      if (endsOn !== null && endsOn <= startsOn)
        invalid(
          [...path, written.endsOn === undefined ? 'startsOn' : 'endsOn'],
          `${of}the benefit ends on ${endsOn}, which is not after its start on ${startsOn}`,
          { restsOn },
        );
    }
    checkCurve(written, written.startsOn ?? plannedStart(metric, project), path, restsOn, collector);
    checkBenefitParts(metric.kind, written, path, collector);
  }
}

function checkCurve(
  { curve }: PlannedBenefitInput,
  startsOn: LocalDate | null,
  at: ProblemPath,
  restsOn: readonly ProblemPath[],
  { invalid }: ProblemCollector,
): void {
  for (const [index, { from }] of (curve ?? []).entries()) {
    const before = curve?.[index - 1];
    const path = [...at, 'curve', index, 'from'];
    if (before === undefined) {
      if (startsOn !== null && from > startsOn)
        invalid(
          path,
          `the curve begins on ${from}, but the benefit on ${startsOn}: the first level is taken for the time between`,
          { severity: 'warning', restsOn: [...restsOn, [...at, 'startsOn']] },
        );
    } else if (from <= before.from)
      invalid(path, `the curve must ascend, but ${from} follows ${before.from}`, {
        seeAlso: [...at, 'curve', index - 1, 'from'],
        restsOn: [[...at, 'curve', index - 1, 'from']],
      });
  }
}

function checkBenefitParts(
  kind: string,
  written: PlannedBenefitInput,
  at: ProblemPath,
  collector: ProblemCollector,
): void {
  const { invalid } = collector;
  if (written.interpolation !== undefined && written.curve === undefined)
    invalid([...at, 'interpolation'], 'belongs to a curve, and none is written');
  if (written.exposure !== undefined && kind !== 'ratio' && kind !== 'percentile')
    invalid([...at, 'exposure'], `belongs to ratio and percentile metrics only; this one is a ${kind}`);
  if (written.rate?.perPeriod !== undefined && kind !== 'stock')
    invalid([...at, 'rate', 'perPeriod'], `belongs to stock metrics only; this one is a ${kind}`);
  if (written.dropOff === '1')
    invalid([...at, 'dropOff'], 'must be below 100 %: nothing would be left after a year; write endsOn instead');
  checkRamp(written.ramp ?? [], [...at, 'ramp'], collector);
}

type NeedRate = (
  currency: string | undefined,
  on: LocalDate,
  path: ProblemPath,
  restsOn: readonly ProblemPath[],
) => void;

/** The budget rates themselves, and a check whether they have one for a currency. */
function checkBudgetRates(
  project: ProjectInput,
  plan: PlanInput,
  at: ProblemPath,
  { add, invalid }: ProblemCollector,
): NeedRate {
  const path = (index: number, key: string): (string | number)[] => [...at, 'fx', index, key];
  const always = '0001-01-01';
  const pairs = new Map<string, number[]>();
  for (const [index, { from, to }] of plan.fx.entries()) {
    if (from === to) invalid(path(index, 'to'), 'is the same currency as from');
    else pairs.set(`${from}>${to}`, [...(pairs.get(`${from}>${to}`) ?? []), index]);
  }
  for (const indexes of pairs.values())
    checkStretches(
      indexes.flatMap((index) => {
        const rate = plan.fx[index];
        return rate === undefined ? [] : [{ from: rate.validFrom ?? always, to: rate.validTo, index }];
      }),
      (index, end, message, other) =>
        invalid(path(index, end === 'from' ? 'validFrom' : 'validTo'), message.replaceAll(always, 'always'), {
          restsOn: [[...at, 'fx']],
          ...(other === undefined ? {} : { seeAlso: path(other, 'from') }),
        }),
      (index) => `fx[${index}]`,
    );
  const rates = plan.fx.map(
    (rate): FxRate => ({ ...rate, validFrom: rate.validFrom ?? always, validTo: rate.validTo ?? null, source: 'plan' }),
  );
  return (currency, on, where, restsOn) => {
    if (currency === undefined || currency === project.currency) return;
    if (fxRateOn(rates, currency, project.currency, on).found) return;
    add(
      where,
      'value/missing-fx-rate',
      `the plan has no budget rate from ${currency} to ${project.currency} on ${on}; add one to fx of the plan, whose figures are converted by no other`,
      { restsOn: [...restsOn, ['currency'], [...at, 'fx']] },
    );
  };
}
