import { addYears } from '../../domain/index.ts';
import type { LocalDate } from '../../domain/types.ts';
import { horizonPaths, properHorizonEnd } from './defaults.ts';
import type { ProblemCollector, ProblemPath } from './problem.ts';
import type { ProjectInput } from './schema.ts';

const MAX_HORIZON_YEARS = 100;

/** Horizon, discounting, price basis and fiscal calendar. */
export function checkFinance(project: ProjectInput, collector: ProblemCollector): void {
  checkHorizon(project, collector);
  checkDiscount(project, collector);
  checkPriceBasis(project, collector);
  if (project.fiscalCalendar.kind === 'table') checkFiscalTable(project, collector);
}

function checkHorizon({ startsOn, horizonYears, horizonEndsOn }: ProjectInput, { invalid }: ProblemCollector): void {
  if (horizonEndsOn === undefined) return;
  const path = ['horizonEndsOn'];
  if (horizonYears !== undefined)
    invalid(path, 'horizonYears says it already: write one of the two', { seeAlso: ['horizonYears'] });
  const restsOn = [['startsOn']];
  if (horizonEndsOn <= startsOn)
    invalid(path, `the horizon ends on ${horizonEndsOn}, which is not after the start of the project on ${startsOn}`, {
      restsOn,
      seeAlso: ['startsOn'],
    });
  else if (horizonEndsOn > addYears(startsOn, MAX_HORIZON_YEARS))
    invalid(
      path,
      `the horizon ends more than ${MAX_HORIZON_YEARS} years after the start of the project on ${startsOn}`,
      {
        restsOn,
      },
    );
}

function checkDiscount(project: ProjectInput, collector: ProblemCollector): void {
  const { convention, discount, discountRate } = project;
  const { invalid } = collector;
  if (convention === 'green-book') {
    for (const key of ['discountRate', 'discount'] as const)
      if (project[key] !== undefined)
        invalid([key], 'the convention green-book has rates of its own (3.5 % in years 0 to 30): leave it out', {
          seeAlso: ['convention'],
        });
    return;
  }
  if (discount !== undefined && discountRate !== undefined)
    invalid(['discount'], 'discountRate says it already: write one of the two', { seeAlso: ['discountRate'] });
  else if (discount === undefined && discountRate === undefined)
    invalid(['discountRate'], 'is required: write one rate, such as 8 %, or steps under discount', {
      restsOn: [['discount'], ['convention']],
    });
  checkDiscountSteps(discount ?? [], collector);
}

/** Steps of a discount rate: ascending, the first from year 0. */
export function checkDiscountSteps(steps: readonly { fromYear: number }[], { invalid }: ProblemCollector): void {
  for (const [index, { fromYear }] of steps.entries()) {
    const path = ['discount', index, 'fromYear'];
    const before = steps[index - 1];
    if (before === undefined) {
      if (fromYear !== 0) invalid(path, `the first step must be from year 0, or year 0 has no rate`);
    } else if (fromYear <= before.fromYear)
      invalid(path, `steps must ascend, but year ${fromYear} follows year ${before.fromYear}`, {
        restsOn: [['discount', index - 1, 'fromYear']],
        seeAlso: ['discount', index - 1, 'fromYear'],
      });
  }
}

function checkPriceBasis(project: ProjectInput, { invalid }: ProblemCollector): void {
  if (project.priceBasis === 'nominal') return;
  const { baseYear, inflation } = project.priceBasis.real;
  const path = ['priceBasis', 'real'];
  const first = Number(project.startsOn.slice(0, 4));
  const end = properHorizonEnd(project);
  const last = end === null ? null : Number(end.slice(0, 4)) - (end.endsWith('-01-01') ? 1 : 0);
  if (last !== null && (baseYear < first || baseYear > last))
    invalid([...path, 'baseYear'], `the base year ${baseYear} lies outside the horizon, ${first} to ${last}`, {
      severity: 'warning',
      restsOn: horizonPaths,
    });
  if (typeof inflation === 'string') return;
  for (const [index, { fromYear }] of inflation.entries()) {
    const at = [...path, 'inflation', index, 'fromYear'];
    const before = inflation[index - 1];
    if (before === undefined) {
      if (fromYear > Math.min(first, baseYear))
        invalid(
          at,
          `the first step is from ${fromYear}, but inflation is needed from ${Math.min(first, baseYear)} on`,
          {
            restsOn: [['startsOn'], [...path, 'baseYear']],
          },
        );
    } else if (fromYear <= before.fromYear)
      invalid(at, `steps must ascend, but ${fromYear} follows ${before.fromYear}`, {
        restsOn: [[...path, 'inflation', index - 1, 'fromYear']],
        seeAlso: [...path, 'inflation', index - 1, 'fromYear'],
      });
  }
}

/** Years and periods tile the time: no gap, no overlap, and the horizon is within. */
function checkFiscalTable(project: ProjectInput, { invalid }: ProblemCollector): void {
  if (project.fiscalCalendar.kind !== 'table') return;
  let before: { to: LocalDate; path: ProblemPath } | undefined;
  const names = new Map<string, ProblemPath>();
  for (const [yearIndex, year] of project.fiscalCalendar.years.entries()) {
    const yearPath = ['fiscalCalendar', 'years', yearIndex];
    const first = names.get(year.name);
    if (first !== undefined)
      invalid([...yearPath, 'name'], 'another year has this name already', { seeAlso: first, restsOn: [first] });
    names.set(year.name, [...yearPath, 'name']);
    for (const [index, { from, to }] of year.periods.entries()) {
      const path = [...yearPath, 'periods', index];
      if (to <= from)
        invalid([...path, 'to'], `ends on ${to}, which is not after its start on ${from}`, {
          restsOn: [[...path, 'from']],
        });
      if (before !== undefined && from !== before.to)
        invalid(
          [...path, 'from'],
          `starts on ${from}, but the period before it ends on ${before.to}: periods follow each other without ${from > before.to ? 'a gap' : 'an overlap'}`,
          { restsOn: [before.path], seeAlso: before.path },
        );
      before = { to, path: [...path, 'to'] };
    }
  }
  const start = project.fiscalCalendar.years[0]?.periods[0]?.from ?? '';
  const end = properHorizonEnd(project);
  if (before !== undefined && end !== null && (start > project.startsOn || before.to < end))
    invalid(
      ['fiscalCalendar', 'years'],
      `the table reaches from ${start} to ${before.to}, but the horizon from ${project.startsOn} to ${end}: what lies outside belongs to no fiscal year`,
      {
        severity: 'warning',
        restsOn: [...horizonPaths, before.path],
      },
    );
}
