import fc from 'fast-check';
import { addDays, type LocalDate } from '#domain';

/** Decimals as text, so that both sides read the same digits. */
export interface SheetCase {
  kind: string;
  flows: string[];
  /** Ascending, one for each flow; null: regular periods. */
  dates: LocalDate[] | null;
  rate: string;
  financeRate: string;
  reinvestRate: string;
}

const money = (low: number, high: number) =>
  fc.integer({ min: low * 100, max: high * 100 }).map((cents) => cents / 100);
const rate = (low: number, high: number) =>
  fc.integer({ min: low * 1000, max: high * 1000 }).map((thousandths) => String(thousandths / 1000));
const list = (flow: fc.Arbitrary<number>, minLength: number, maxLength: number) =>
  fc.array(flow, { minLength, maxLength });

/** Π (1 + rootᵢ − y): flows whose rates are put there on purpose. */
function withRoots(tenths: readonly number[]): number[] {
  return tenths.reduce<number[]>(
    (flows, root) => [...flows, 0].map((value, index) => value * 10 - (flows[index - 1] ?? 0) * (10 + root)),
    [1],
  );
}

const outlay = fc.tuple(money(1_000, 90_000), list(money(0, 40_000), 2, 12)).map(([first, rest]) => [-first, ...rest]);
const scaled = (factor: number) => outlay.map((flows) => flows.map((flow) => Number((flow * factor).toPrecision(12))));

/** What projects look like, and what breaks solvers. */
const shapes: Record<string, fc.Arbitrary<number[]>> = {
  'an outlay, then inflows': outlay,
  'any signs': list(money(-50_000, 50_000), 2, 14),
  'roots put on purpose': fc
    .uniqueArray(fc.integer({ min: -4, max: 12 }), { minLength: 2, maxLength: 4 })
    .map((roots) => withRoots(roots).map((flow) => flow * 10)),
  'no real root': fc
    .tuple(money(100, 9_000), money(1, 90))
    .map(([a, b]) => [a, -2 * a, a + b].map((flow) => Number(flow.toFixed(2)))),
  'one sign only': list(money(1, 9_000), 2, 8),
  'deep loss': fc.tuple(money(10_000, 90_000), list(money(0, 900), 1, 6)).map(([first, rest]) => [-first, ...rest]),
  'steep gain': fc.tuple(money(1, 90), list(money(500, 9_000), 1, 4)).map(([first, rest]) => [-first, ...rest]),
  'tiny amounts': scaled(1e-9),
  'huge amounts': scaled(1e9),
  'sixty periods': fc.tuple(money(1_000, 90_000), list(money(-2_000, 6_000), 60, 60)).map(([a, b]) => [-a, ...b]),
};

const rates = fc.record({ rate: rate(-0.6, 1), financeRate: rate(0, 0.4), reinvestRate: rate(0, 0.4) });

/** The same cases for the same seed. */
export function generateCases(seed: number, count: number): SheetCase[] {
  const names = Object.keys(shapes);
  const each = Math.ceil(count / names.length);
  const gap = fc.integer({ min: 1, max: 200 });
  const cases = names.flatMap((kind, index) =>
    fc.sample(
      fc
        .tuple(
          shapes[kind] as fc.Arbitrary<number[]>,
          rates,
          fc.nat({ max: 2 }),
          fc.array(gap, { minLength: 61, maxLength: 61 }),
        )
        .map(([flows, terms, dated, gaps]): SheetCase => {
          let day = '2020-01-01';
          const dates = flows.map((_, at) => {
            if (at > 0) day = addDays(day, gaps[at] ?? 1);
            return day;
          });
          return { kind, flows: flows.map(String), dates: dated === 0 ? dates : null, ...terms };
        }),
      { seed: seed + index, numRuns: each },
    ),
  );
  return cases.slice(0, count);
}
