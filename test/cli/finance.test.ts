import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { outturnProcess } from '../harness/cli.ts';

const fixture = await readFile(new URL('../fixtures/finance.json', import.meta.url), 'utf8');
const document = JSON.parse(fixture) as {
  cases: { id: string; published?: Record<string, string>; computed?: Record<string, unknown> }[];
};
type Row = Record<string, unknown> & { id: string; irrRoots: number[] | null };

const digitsOf = (text: string): number => text.split('.')[1]?.length ?? 0;
/** Rounded to the digits that are printed; Excel's own XIRR stops in the eighth. */
function isAsPrinted(actual: unknown, printed: string): boolean {
  const [value, wanted, digits] = [Number(actual), Number(printed), digitsOf(printed)];
  const slack = digits === 9 ? 2e-8 : 0.5 * 10 ** -digits + 1e-12;
  return actual !== null && Math.abs(value - wanted) <= slack;
}

describe('outturn finance --json', () => {
  it('gives every figure that was published, and every one recomputed from it', async () => {
    const { stdout, status } = await outturnProcess(['finance', '--json'], { input: fixture });
    expect(status).toBe(0);
    const rows = JSON.parse(stdout) as Row[];
    const differences: string[] = [];
    let compared = 0;
    for (const each of document.cases) {
      const row = rows.find(({ id }) => id === each.id) as Row;
      const check = (key: string, right: boolean): void => {
        compared++;
        if (!right) differences.push(`${each.id}: ${key}`);
      };
      for (const [key, printed] of Object.entries(each.published ?? {})) {
        if (key === 'payback') check(key, row.paybackWords === printed);
        else if (key === 'irr')
          check(
            key,
            (row.irrRoots ?? []).some((root) => isAsPrinted(root, printed)),
          );
        else check(key, isAsPrinted(row[key], printed));
      }
      for (const [key, wanted] of Object.entries(each.computed ?? {})) {
        if (key === 'irrStatus') check(key, row.irrStatus === wanted);
        else if (key === 'irrRoots') {
          const roots = wanted as string[];
          check(key, row.irrRoots?.length === roots.length && roots.every((r, i) => isAsPrinted(row.irrRoots?.[i], r)));
        } else if (key === 'discountFactor')
          for (const [year, factor] of Object.entries(wanted as Record<string, string>))
            check(`${key}.${year}`, isAsPrinted((row.discountFactor as Record<string, number>)[year], factor));
        else check(key, isAsPrinted(row[key], String(wanted)));
      }
    }
    expect(differences).toEqual([]);
    expect(compared).toBe(29);
  });

  it('several rates and none are said as such, with the NPV at other rates instead of a rate', async () => {
    const { stdout } = await outturnProcess(['finance'], { input: fixture });
    expect(stdout).toMatch(/two-valid-roots .* multiple/);
    expect(stdout).toContain('IRR not unique: 10%, 20%');
    expect(stdout).toMatch(/no-real-root .* none/);
    expect(stdout).toContain("payback in TEI's words: < 6 months");
    expect(stdout).toContain('* the cumulative net falls below zero again later');
  });

  it('names everything that is wrong at once, each with its line', async () => {
    const input =
      '{"cases": [\n  {"id": "a", "rate": "ten", "flows": ["1"]},\n  {"id": "a", "flows": ["x"], "rat": 1}\n]}';
    const { stderr, stdout, status } = await outturnProcess(['finance'], { input });
    expect(status).not.toBe(0);
    for (const part of [
      'line 2: cases[0].rate',
      'line 3: cases[1].id',
      'line 3: cases[1].flows[0]',
      'did you mean "rate"?',
    ])
      expect(`${stdout}${stderr}`).toContain(part);
    expect(stderr).not.toContain('    at ');
  });
});
