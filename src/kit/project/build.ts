import type { CostLine, DiscountStep, PlanVersion, PriceBasis, Project } from '../../domain/types.ts';
import { buildMetric } from './build-metric.ts';
import { horizonEnd, lineId, ownEntry, seedOf } from './defaults.ts';
import type { PlanInput } from './plan-schema.ts';
import { benefitsOf, resolveBenefit } from './planned-benefit.ts';
import type { ProjectInput } from './schema.ts';

/**
 * The project that an input describes in which `projectProblems` found no error. `timeZone` holds where the project
 * names none.
 */
export function buildProject(
  id: string,
  input: ProjectInput,
  { timeZone, managed }: { timeZone: string; managed: Project['managed'] },
): Project {
  return {
    id,
    managed,
    name: input.name,
    portfolio: input.portfolio ?? null,
    sponsor: input.sponsor ?? null,
    currency: input.currency,
    timeZone: input.timeZone ?? timeZone,
    startsOn: input.startsOn,
    horizonEndsOn: horizonEnd(input),
    convention: input.convention,
    discount: discountOf(input),
    timing: input.timing,
    priceBasis: priceBasisOf(input),
    fiscalCalendar: input.fiscalCalendar,
    costRisk: input.costRisk,
    simulation: { seed: input.simulation.seed ?? seedOf(id), draws: input.simulation.draws },
    deliverables: Object.entries(input.deliverables).map(([deliverableId, deliverable]) => ({
      id: deliverableId,
      name: deliverable.name ?? deliverableId,
      plannedOn: deliverable.planned,
      forecastOn: deliverable.forecast ?? null,
      actualOn: deliverable.actual ?? null,
      metrics: deliverable.metrics,
    })),
    metrics: Object.entries(input.metrics).map(([metricId, metric]) => buildMetric(metricId, metric, input)),
    plans: Object.entries(input.plans)
      .map(([planId, plan]) => buildPlan(planId, plan, input))
      .sort((a, b) => (a.frozenOn < b.frozenOn ? -1 : 1)),
    costSources: input.costs.sources,
    manualCosts: input.costs.lines.map(
      (line, index): CostLine => ({
        sourceKey: lineId(line.id, index),
        projectRef: id,
        kind: line.kind,
        capitalisation: line.capitalisation,
        recurrence: line.recurrence,
        pool: line.pool ?? null,
        amount: line.amount,
        currency: line.currency ?? input.currency,
        postingDate: line.date,
        cashDate: line.cashDate ?? null,
        document: line.document ?? null,
        correctionOf: line.correctionOf ?? null,
        text: line.text ?? null,
      }),
    ),
  };
}

function discountOf({ convention, discount, discountRate }: ProjectInput): DiscountStep[] {
  if (convention === 'green-book') return [];
  return discount ?? [{ fromYear: 0, rate: discountRate ?? '0' }];
}

function priceBasisOf({ priceBasis, startsOn }: ProjectInput): PriceBasis {
  if (priceBasis === 'nominal') return { kind: 'nominal' };
  const { baseYear, inflation } = priceBasis.real;
  const firstYear = Math.min(baseYear, Number(startsOn.slice(0, 4)));
  return {
    kind: 'real',
    baseYear,
    inflation: typeof inflation === 'string' ? [{ fromYear: firstYear, rate: inflation }] : inflation,
  };
}

function buildPlan(id: string, plan: PlanInput, project: ProjectInput): PlanVersion {
  return {
    id,
    frozenOn: plan.frozenOn,
    approvedBy: plan.approvedBy ?? null,
    note: plan.note ?? null,
    fxRates: plan.fx.map((rate) => ({
      ...rate,
      validFrom: rate.validFrom ?? '0001-01-01',
      validTo: rate.validTo ?? null,
      source: `plan ${id}`,
    })),
    costs: plan.costs.map((cost) => ({
      date: cost.date,
      amount: cost.amount,
      currency: cost.currency ?? project.currency,
      pool: cost.pool ?? null,
      capitalisation: cost.capitalisation,
      recurrence: cost.recurrence,
      text: cost.text ?? null,
    })),
    benefits: benefitsOf(project, plan).flatMap(([metricId, written]) => {
      const metric = ownEntry(project.metrics, metricId);
      const resolved = metric && resolveBenefit(project, metric, metricId, plan, written);
      return resolved?.ok ? [resolved.benefit] : [];
    }),
  };
}
