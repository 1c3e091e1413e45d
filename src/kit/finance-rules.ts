import { GREEN_BOOK_LAST_YEAR } from '../domain/finance/discounting.ts';
import { type FlowConvention, timingsOf } from '../domain/finance/flow-times.ts';

interface Problem {
  /** Within the case: `rates[1].fromYear`. */
  path: string;
  message: string;
}

const TIMINGS = ['start', 'mid', 'end'];
const CONVENTIONS: readonly string[] = ['npv0', 'excel', 'tei', 'green-book', 'servicenow'] satisfies FlowConvention[];

/** What is wrong with a case that no single field shows. It may be of any shape: what is not as expected is passed over. */
export function contradictionsOf(input: Record<string, unknown>): Problem[] {
  return [...flowRules(input), ...rateRules(input), ...timingRules(input), ...greenBookRules(input)];
}

function flowRules(input: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  if ((input.costs === undefined) !== (input.benefits === undefined))
    problems.push({
      path: input.costs ? 'benefits' : 'costs',
      message: 'costs and benefits must be given together',
    });
  const given = [input.flows, input.datedFlows, input.costs ?? input.benefits].filter((kind) => kind !== undefined);
  if (given.length > 1)
    problems.push({ path: 'flows', message: 'give one of flows, datedFlows, or costs with benefits' });
  if (given.length === 0 && input.convention !== 'green-book')
    problems.push({ path: 'flows', message: 'nothing to compute: give flows, datedFlows, or costs with benefits' });
  for (const risk of ['costRisk', 'benefitRisk'] as const)
    if (input[risk] !== undefined && input.costs === undefined && input.benefits === undefined)
      problems.push({ path: risk, message: 'weighs costs with benefits: bare flows do not say which is which' });
  return problems;
}

function rateRules(input: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  if (input.rate !== undefined && input.rates !== undefined)
    problems.push({ path: 'rates', message: 'give rate or rates, not both' });
  for (const key of ['rates', 'inflation'] as const) {
    const steps = input[key];
    if (!Array.isArray(steps)) continue;
    let before: number | null = null;
    for (const [index, step] of steps.entries()) {
      const fromYear: unknown = (step as { fromYear?: unknown } | null)?.fromYear;
      if (typeof fromYear !== 'number') continue;
      const path = `${key}[${index}].fromYear`;
      if (index === 0 && fromYear !== 0) problems.push({ path, message: 'the first step must be from year 0' });
      if (before !== null && fromYear <= before)
        problems.push({ path, message: `steps must ascend: ${fromYear} is not after ${before}` });
      before = fromYear;
    }
  }
  return problems;
}

function timingRules({ timing, convention, datedFlows }: Record<string, unknown>): Problem[] {
  if (typeof timing !== 'string') return [];
  const [path, word] = ['timing', timing.trim()];
  if (!TIMINGS.includes(timing))
    return /\s/.test(word)
      ? []
      : [{ path, message: `expected one of ${TIMINGS.join(', ')}, or a note of several words` }];
  if (datedFlows !== undefined) return [{ path, message: 'dated flows count on their days: leave timing out' }];
  const known = CONVENTIONS.find((name) => name === (convention ?? 'npv0')) as FlowConvention | undefined;
  if (known === undefined || timingsOf(known).some((allowed) => allowed === timing)) return [];
  return [{ path, message: `the ${known} convention allows ${timingsOf(known).join(' or ')}, not ${timing}` }];
}

function greenBookRules(input: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  if (input.datedFlows !== undefined && input.convention !== undefined)
    problems.push({
      path: input.convention === 'green-book' ? 'datedFlows' : 'convention',
      message: `the ${String(input.convention)} convention discounts whole years: give flows by year, or leave it out`,
    });
  if (input.convention !== 'green-book') return problems;
  for (const key of ['rate', 'rates'] as const)
    if (input[key] !== undefined)
      problems.push({ path: key, message: 'the Green Book has its own rates: leave it out' });
  for (const key of ['flows', 'costs', 'benefits'] as const) {
    const list = input[key];
    if (Array.isArray(list) && list.length > GREEN_BOOK_LAST_YEAR + 1)
      problems.push({
        path: key,
        message: `the Green Book gives rates for the years 0 to ${GREEN_BOOK_LAST_YEAR} only`,
      });
  }
  return problems;
}
