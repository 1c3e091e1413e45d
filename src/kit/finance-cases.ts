import { z } from 'zod';
import { evaluateFinanceDocument, type FinanceCase, type FinanceResult } from '../domain/finance/case.ts';
import { GREEN_BOOK_LAST_YEAR } from '../domain/finance/discounting.ts';
import { Decimal, type DecimalInput, parseDecimal } from '../domain/money/decimal.ts';
import { isLocalDate } from '../domain/time/dates.ts';
import { PermanentError } from './errors.ts';

const MAX_CASES = 1_000;
const MAX_FLOWS = 2_000;
const MAX_AMOUNT = new Decimal('1e30');
const MAX_RATE = new Decimal('1e6');

const decimal = z
  .union([z.number(), z.string()], { error: 'expected a decimal number, written as a number or as text' })
  .transform((written, ctx): string => {
    const value = parseDecimal(String(written));
    if (value?.abs().lte(MAX_AMOUNT)) return String(written);
    ctx.addIssue({
      code: 'custom',
      message: value ? 'is too large (over 1e30)' : `expected a decimal number, got ${JSON.stringify(written)}`,
    });
    return z.NEVER;
  });
const rate = decimal.refine((text) => new Decimal(text).gt(-1) && new Decimal(text).lte(MAX_RATE), {
  error: 'expected a rate above -1 as a decimal, such as 0.08 for 8 %',
});
const date = z.string({ error: 'expected a date, YYYY-MM-DD' }).refine(isLocalDate, {
  error: (issue) => `expected a date of the calendar, YYYY-MM-DD, got ${JSON.stringify(issue.input)}`,
});
const flows = z.array(decimal).min(1, 'needs at least one flow').max(MAX_FLOWS, `takes at most ${MAX_FLOWS} flows`);
const note = z.unknown().optional();

const CONVENTIONS = ['npv0', 'excel', 'tei', 'green-book'] as const;
const financeCase = z.strictObject(
  {
    id: z.string({ error: 'every case needs an id' }).min(1, 'must not be empty').max(200),
    convention: z.enum(CONVENTIONS, { error: `expected one of ${CONVENTIONS.join(', ')}` }).optional(),
    timing: z.string({ error: 'expected text' }).optional(),
    rate: rate.optional(),
    financeRate: rate.optional(),
    reinvestRate: rate.optional(),
    flows: flows.optional(),
    datedFlows: z
      .array(z.tuple([date, decimal], { error: 'expected a pair, [date, amount]' }))
      .min(1, 'needs at least one flow')
      .max(MAX_FLOWS, `takes at most ${MAX_FLOWS} flows`)
      .optional(),
    costs: flows.optional(),
    benefits: flows.optional(),
    about: note,
    comment: note,
    currency: note,
    description: note,
    expected: note,
    name: note,
    note: note,
    source: note,
    published: note,
    computed: note,
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'expected an object' : undefined) },
);

const financeDocument = z.strictObject(
  {
    cases: z
      .array(financeCase, { error: 'expected an array of cases' })
      .max(MAX_CASES, `takes at most ${MAX_CASES} cases`),
    about: note,
    benefit: note,
    $schema: note,
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'expected an object with an array `cases`' : undefined) },
);

export interface FinanceProblem {
  /** `cases[3].flows[2]`; empty for the document itself. */
  path: string;
  message: string;
}

/** The document checked, or everything that is wrong with it at once. */
export function readFinanceDocument(
  input: unknown,
): { document: { cases: FinanceCase[] }; problems: [] } | { document: null; problems: FinanceProblem[] } {
  const result = financeDocument.safeParse(input);
  const shape = result.success ? [] : result.error.issues.map(problemOf);
  const problems = [...shape, ...contradictions(input)];
  if (result.success && problems.length === 0)
    return { document: { cases: result.data.cases.map(computable) }, problems: [] };
  return { document: null, problems };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What no single field shows; looked for whatever the shape, so that all that is wrong is said at once. */
function contradictions(input: unknown): FinanceProblem[] {
  if (!isRecord(input) || !Array.isArray(input.cases)) return [];
  const seen = new Set<unknown>();
  return input.cases.flatMap((candidate: unknown, index) => {
    if (!isRecord(candidate)) return [];
    const { id } = candidate;
    const found = contradictionsOf(candidate);
    if (typeof id === 'string' && seen.has(id)) found.push({ path: 'id', message: `the id ${id} is there twice` });
    seen.add(id);
    return found.map(({ path, message }) => ({ path: `cases[${index}].${path}`, message }));
  });
}

function contradictionsOf(input: Record<string, unknown>): FinanceProblem[] {
  const problems: FinanceProblem[] = [];
  const say = (path: string, message: string): void => {
    problems.push({ path, message });
  };
  if ((input.costs === undefined) !== (input.benefits === undefined))
    say(input.costs ? 'benefits' : 'costs', 'costs and benefits must be given together');
  const given = [input.flows, input.datedFlows, input.costs ?? input.benefits].filter((kind) => kind !== undefined);
  if (given.length > 1) say('flows', 'give one of flows, datedFlows, or costs with benefits');
  const greenBook = input.convention === 'green-book';
  if (given.length === 0 && !greenBook)
    say('flows', 'nothing to compute: give flows, datedFlows, or costs with benefits');
  if (input.datedFlows !== undefined && greenBook)
    say('datedFlows', 'the green-book convention discounts whole years: give flows by year');
  if (greenBook)
    for (const key of ['flows', 'costs', 'benefits'] as const) {
      const list = input[key];
      if (Array.isArray(list) && list.length > GREEN_BOOK_LAST_YEAR + 1)
        say(key, `the Green Book gives rates for the years 0 to ${GREEN_BOOK_LAST_YEAR} only`);
    }
  return problems;
}

function computable(input: z.output<typeof financeCase>): FinanceCase {
  const { id, convention, timing, financeRate, reinvestRate, costs, benefits } = input;
  const datedFlows: [string, DecimalInput][] | undefined = input.datedFlows;
  const { rate: discountRate, flows: regular } = input;
  return {
    id,
    convention,
    timing,
    rate: discountRate,
    financeRate,
    reinvestRate,
    flows: regular,
    datedFlows,
    costs,
    benefits,
  };
}

function problemOf(issue: z.core.$ZodIssue): FinanceProblem {
  const path = issue.path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('');
  return { path, message: issue.message };
}

/**
 * Results of a document shaped like `{cases: [{id, flows …}]}` (see docs: `outturn finance --help`).
 * Throws PermanentError `value/bad-input` that lists every problem with its path; `facts.problems` holds them as data.
 */
export function evaluateFinanceInput(input: unknown): FinanceResult[] {
  const { document, problems } = readFinanceDocument(input);
  if (document) return evaluateFinanceDocument(document);
  throw new PermanentError(
    'value/bad-input',
    problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n'),
    { hint: 'Give {"cases": [{"id": "…", "rate": "0.08", "flows": ["-100", "60", "70"]}]}.', facts: { problems } },
  );
}
