import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParseContext, RawPage } from '#kit';
import { casesOf } from '../contract/connectors/base-case.ts';
import { loadKinds } from '../contract/connectors/case.ts';
import { pagesOf, parseSoundly } from '../contract/connectors/case-pages.ts';
import { pathsOf, replaced } from '../contract/connectors/mutations.ts';
import { runs } from './runs.ts';

const RUNS = runs(120, 20_000);
/** Another seed gives other pages: a long run can be cut into parts. */
const SEED = Number(process.env['OUTTURN_SEED'] ?? 20261123);
/** Larger recordings only cost time: what a parser does wrong it does to a small page too. */
const LARGEST_PAGE = 30_000;
/** Of the time of this thread alone: a busy machine proves nothing, and expressions run in threads with bounds of their own. */
const MOST_CPU_MS = 1000;
const MOST_WARNINGS_LENGTH = 100_000;

const kinds = (await loadKinds()).filter(({ kind }) => kind.capabilities.pull !== false);

/** What no vendor documents, as text of JSON. */
const oddValues = fc.oneof(
  fc.constantFrom(
    ...[
      'null',
      'true',
      '""',
      '0',
      '-0',
      '1e400',
      '-1e400',
      '1e-400',
      '9007199254740993',
      '123456789012345678901234567890',
    ],
    ...['"NaN"', '"Infinity"', '"-Inf"', '"0x10"', '"1e5"', '"1,5"', '" "', '"\\ud800"', '"\\u0000"', '"\\u202e"'],
    ...['"__proto__"', '"constructor"', '{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'],
    ...['"2026-02-30"', '"9999-12-31T24:00:00Z"', '"-000001-01-01T00:00:00Z"', '"/Date(9e99)/"', '8.64e15', '-8.64e15'],
    ...['[]', '{}', '[[]]', '[null]', '{"":{}}', '{"length":1e9}', '{"toString":1,"valueOf":2,"toJSON":3}'],
  ),
  fc.json({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc
    .double()
    .map(String)
    .map((text) => (Number.isFinite(Number(text)) ? text : 'null')),
  fc.integer({ min: 10, max: 100_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  fc.integer({ min: 10, max: 100_000 }).map((depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc.integer({ min: 1_000, max: 200_000 }).map((length) => JSON.stringify('x'.repeat(length))),
  fc.integer({ min: 100, max: 5_000 }).map((length) => `[${'0,'.repeat(length)}0]`),
);

type Mutation = (body: string) => string;
const HOLE = '@@hole@@';
const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.nat(), oddValues).map(
      ([place, odd]): Mutation =>
        (body) =>
          swapped(body, place, odd),
    ),
  },
  // One value in the place of another of the same page: types fit, meanings do not.
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(), fc.nat()).map(
      ([from, to]): Mutation =>
        (body) =>
          moved(body, from, to),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map(
      (part): Mutation =>
        (body) =>
          body.slice(0, Math.floor(body.length * part)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(20), fc.string({ unit: 'binary', maxLength: 20 }))
      .map(
        ([part, cut, text]): Mutation =>
          (body) => {
            const at = Math.floor(body.length * part);
            return body.slice(0, at) + text + body.slice(at + cut);
          },
      ),
  },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', maxLength: 200 }).map(
      (text): Mutation =>
        () =>
          text,
    ),
  },
  {
    weight: 1,
    arbitrary: oddValues.map(
      (odd): Mutation =>
        () =>
          odd,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat().map(
      (place): Mutation =>
        (body) =>
          repeated(body, place),
    ),
  },
);

function swapped(body: string, place: number, odd: string): string {
  const value = jsonOf(body);
  // Text of another form: a cell of a table, or the content or attribute of an element.
  if (value === undefined) {
    const cells = [...body.matchAll(/[^\s,;<>"'=]+/g)];
    const cell = cells[place % Math.max(1, cells.length)];
    const text = odd.replace(/^"|"$/g, '');
    return cell === undefined ? odd : body.slice(0, cell.index) + text + body.slice(cell.index + cell[0].length);
  }
  const paths = pathsOf(value);
  const path = paths[place % paths.length] ?? [];
  return JSON.stringify(replaced(value, path, () => HOLE)).replace(JSON.stringify(HOLE), () => odd);
}

function moved(body: string, from: number, to: number): string {
  const value = jsonOf(body);
  if (value === undefined) {
    const lines = body.split('\n');
    const line = lines[from % lines.length] ?? '';
    return lines.toSpliced(to % lines.length, 1, line).join('\n');
  }
  const paths = pathsOf(value);
  const source = (paths[from % paths.length] ?? []).reduce<unknown>(
    (at, key) => (at as Record<string | number, unknown>)[key],
    value,
  );
  return JSON.stringify(replaced(value, paths[to % paths.length] ?? [], () => source));
}

/** One list many times as long. */
function repeated(body: string, place: number): string {
  const value = jsonOf(body);
  if (value === undefined) return body.repeat(20);
  const lists = pathsOf(value).filter((path) =>
    Array.isArray(path.reduce<unknown>((at, key) => (at as never)[key], value)),
  );
  const path = lists[place % Math.max(1, lists.length)];
  if (path === undefined) return body;
  return JSON.stringify(replaced(value, path, (items) => Array.from({ length: 50 }, () => items as unknown[]).flat()));
}

/** What is nested too deep for this test to walk through is cut like any other text. */
function jsonOf(body: string): unknown {
  if (/\[{500}|(?:\{"a":){500}/.test(body)) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

describe.each(kinds)('connectors/$folder parses whatever comes', ({ folder, kind }) => {
  it(`${RUNS} spoilt pages give sound rows or a typed error, in time, and few words`, {
    timeout: 3_600_000,
  }, async () => {
    const pages: { page: RawPage; context: ParseContext<unknown, unknown> }[] = [];
    for (const testCase of casesOf(folder)) {
      if (testCase.definition.action !== 'pull' || testCase.expectedLines === null) continue;
      const { run, context } = await pagesOf(kind, testCase);
      for (const page of run.pages) if (page.body.length <= LARGEST_PAGE) pages.push({ page, context });
    }
    if (pages.length === 0) return;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(pages.length - 1),
        fc.array(mutations, { minLength: 1, maxLength: 2 }),
        async (index, all) => {
          const { page, context } = pages[index] ?? pages[0] ?? never();
          const body = all.reduce((text, mutate) => mutate(text).slice(0, 4 << 20), page.body);
          const before = process.threadCpuUsage();
          const parsed = await parseSoundly(kind, { ...page, body }, context);
          const { user, system } = process.threadCpuUsage(before);
          expect((user + system) / 1000, `CPU time of ${body.length} characters`).toBeLessThan(MOST_CPU_MS);
          expect(parsed?.warnings.join('').length ?? 0, 'length of warnings').toBeLessThan(MOST_WARNINGS_LENGTH);
          expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

function never(): never {
  throw new Error('no page');
}
