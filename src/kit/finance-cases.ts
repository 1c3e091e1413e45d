import { z } from 'zod';
import { evaluateFinanceDocument } from '../domain/finance/case.ts';
import type { FinanceCase, FinanceResult } from '../domain/finance/case-types.ts';
import { Decimal, type DecimalInput, parseDecimal } from '../domain/money/decimal.ts';
import { isLocalDate } from '../domain/time/dates.ts';
import { type BenefitCase, type BenefitResult, evaluateBenefitCase } from '../domain/value/benefit-case.ts';
import { PermanentError } from './errors.ts';
import { contradictionsOf } from './finance-rules.ts';
import { nearest } from './nearest.ts';

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

const share = decimal.refine((text) => new Decimal(text).gte(0) && new Decimal(text).lte(1), {
  error: 'expected a share from 0 to 1, such as 0.1 for 10 %',
});
const MAX_STEPS = 200;
const rateList = z
  .union(
    [
      z.array(rate),
      z.array(
        z.strictObject({
          fromYear: z
            .int({ error: 'expected a whole number of years from time zero' })
            .min(0, 'expected a whole number of years from time zero')
            .max(10_000, 'is too large'),
          rate,
        }),
      ),
    ],
    {
      error: 'expected a list of rates, one for each period in turn, or steps such as {"fromYear": 0, "rate": "0.08"}',
    },
  )
  .refine((list) => list.length > 0 && list.length <= MAX_STEPS, `takes 1 to ${MAX_STEPS} rates`);

const CONVENTIONS = ['npv0', 'excel', 'tei', 'green-book', 'servicenow'] as const;
const financeCase = z.strictObject(
  {
    id: z.string({ error: 'every case needs an id' }).min(1, 'must not be empty').max(200),
    convention: z.enum(CONVENTIONS, { error: `expected one of ${CONVENTIONS.join(', ')}` }).optional(),
    timing: z.string({ error: 'expected text' }).optional(),
    rate: rate.optional(),
    rates: rateList.optional(),
    inflation: z
      .union([rate, rateList], {
        error: 'expected a rate such as "0.02", a list of rates, or steps such as {"fromYear": 0, "rate": "0.02"}',
      })
      .optional(),
    costRisk: decimal
      .refine((text) => new Decimal(text).gte(0) && new Decimal(text).lte(10), {
        error: 'expected a share of the costs from 0 to 10, such as 0.1 for 10 %',
      })
      .optional(),
    benefitRisk: share.optional(),
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

const levels = z
  .array(decimal)
  .min(1, 'needs at least one period')
  .max(MAX_FLOWS, `takes at most ${MAX_FLOWS} periods`);
const benefitCase = z
  .strictObject({
    id: z.string({ error: 'every case needs an id' }).min(1, 'must not be empty').max(200),
    kind: z.enum(['flow', 'stock', 'ratio', 'percentile'], { error: 'expected flow, stock, ratio or percentile' }),
    direction: z.enum(['up', 'down'], { error: 'expected up (more is better) or down' }),
    actual: levels,
    counterfactual: levels,
    rate: decimal.refine((text) => new Decimal(text).gte(0), { error: 'must not be negative' }),
    exposure: decimal.refine((text) => new Decimal(text).gt(0), { error: 'must be above 0' }).optional(),
    yearFraction: decimal.refine((text) => new Decimal(text).gt(0), { error: 'must be above 0' }).optional(),
    attribution: share.optional(),
    deadweight: share.optional(),
    displacement: share.optional(),
    confidence: share.optional(),
    about: note,
    currency: note,
    name: note,
    note: note,
    source: note,
    published: note,
    computed: note,
  })
  .superRefine(({ actual, counterfactual, kind, exposure }, ctx) => {
    if (actual.length !== counterfactual.length)
      ctx.addIssue({
        code: 'custom',
        path: ['counterfactual'],
        message: `has ${counterfactual.length} periods, but actual has ${actual.length}`,
      });
    if ((kind === 'ratio' || kind === 'percentile') && exposure === undefined)
      ctx.addIssue({ code: 'custom', path: ['exposure'], message: `is required: a ${kind} applies to so many units` });
  });

const financeDocument = z.strictObject(
  {
    cases: z
      .array(financeCase, { error: 'expected an array of cases' })
      .max(MAX_CASES, `takes at most ${MAX_CASES} cases`),
    about: note,
    benefit: z
      .array(benefitCase, { error: 'expected an array of cases' })
      .max(MAX_CASES, `takes at most ${MAX_CASES} cases`)
      .optional(),
    $schema: note,
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'expected an object with an array `cases`' : undefined) },
);

export interface FinanceProblem {
  /** `cases[3].flows[2]`; empty for the document itself. */
  path: string;
  message: string;
  /** Where it stands in the text; null where that is not known. */
  line: number | null;
}
/** Where things stand in the text that a document was read from. */
export interface LocatedText {
  /** The line on which the value at a path such as `cases[3].flows[2]` begins, or null. */
  lineOf(path: string): number | null;
  /** Keys that an object has twice, of which a parser keeps the last only. */
  duplicates: { path: string; key: string; line: number }[];
}

export interface FinanceDocument {
  cases: FinanceCase[];
  benefits: BenefitCase[];
}

/** The document checked, or everything that is wrong with it at once, by line where lines are known. */
export function readFinanceDocument(
  input: unknown,
  text: LocatedText | null = null,
): { document: FinanceDocument; problems: [] } | { document: null; problems: FinanceProblem[] } {
  const result = financeDocument.safeParse(input);
  const shape = result.success ? [] : result.error.issues.flatMap(problemsOf);
  const problems: FinanceProblem[] = [...shape, ...contradictions(input)].map((problem) => ({
    ...problem,
    line: text?.lineOf(problem.path) ?? null,
  }));
  for (const { path, key, line } of text?.duplicates ?? [])
    problems.push({ path, message: `the key "${key}" is there twice`, line });
  if (result.success && problems.length === 0)
    return {
      document: { cases: result.data.cases.map(computable), benefits: result.data.benefit ?? [] },
      problems: [],
    };
  return { document: null, problems: problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

type Problem = Omit<FinanceProblem, 'line'>;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What no single field shows; looked for whatever the shape, so that all that is wrong is said at once. */
function contradictions(input: unknown): Problem[] {
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

function computable(input: z.output<typeof financeCase>): FinanceCase {
  const {
    about,
    comment,
    currency,
    description,
    expected,
    name,
    note: said,
    source,
    published,
    computed,
    ...rest
  } = input;
  const datedFlows: [string, DecimalInput][] | undefined = rest.datedFlows;
  return { ...rest, datedFlows };
}

const pathOf = (parts: readonly PropertyKey[]): string =>
  parts
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('');

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const inCase = issue.path.length > 0;
    return issue.keys.map((key) => {
      const shape = issue.path[0] === 'benefit' ? benefitCase.shape : financeCase.shape;
      const meant = nearest(key, Object.keys(inCase ? shape : financeDocument.shape));
      return {
        path: pathOf([...issue.path, key]),
        message: `unknown key "${key}"${meant === null ? '' : `, did you mean "${meant}"?`}`,
      };
    });
  }
  if (issue.code === 'invalid_union') {
    // The branch that got furthest knows best what is wrong.
    const deepest = issue.errors
      .flat()
      .filter(({ path }) => path.length > 0)
      .sort((a, b) => b.path.length - a.path.length);
    const furthest = deepest[0];
    if (furthest)
      return deepest
        .filter(({ path }) => path.length === furthest.path.length)
        .map(({ path, message }) => ({ path: pathOf([...issue.path, ...path]), message }));
  }
  return [{ path: pathOf(issue.path), message: issue.message }];
}

/**
 * Results of a document shaped like `{cases: [{id, flows …}], benefit: [{id, actual …}]}` (docs/finance.md).
 * Throws PermanentError `value/bad-input` that lists every problem with its path, and its line where `text` knows it;
 * `facts.problems` holds them as data.
 */
export function evaluateFinanceInput(
  input: unknown,
  text?: LocatedText,
): { results: FinanceResult[]; benefits: BenefitResult[] } {
  const { document, problems } = readFinanceDocument(input, text);
  if (document)
    return { results: evaluateFinanceDocument(document), benefits: document.benefits.map(evaluateBenefitCase) };
  throw new PermanentError(
    'value/bad-input',
    problems
      .map(({ path, message, line }) =>
        [line === null ? null : `line ${line}`, path === '' ? null : path, message].filter((part) => part).join(': '),
      )
      .join('\n'),
    { hint: 'Give {"cases": [{"id": "…", "rate": "0.08", "flows": ["-100", "60", "70"]}]}.', facts: { problems } },
  );
}
