import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findProgram } from '../harness/packages.ts';
import { CLASSES, type ClassName, type Comparison, compareCase, FUNCTION_NAMES, ratesOf } from './finance-compare.ts';
import { generateCases } from './finance-generate.ts';
import { calculate } from './finance-sheet.ts';

/**
 * `npm run verify:finance [-- --cases 1000 --seed 20260801 --examples]`: the finance engine against LibreOffice Calc.
 * Exit status 1 when a difference is not explained, 2 when Calc is not there and cannot be installed.
 */
const INSTALL = ['apt-get', 'install', '-y', '--no-install-recommends', 'libreoffice-calc'];

function findCalc(): string | null {
  const there = findProgram('soffice', 'libreoffice');
  if (there !== null || process.platform !== 'linux' || process.getuid?.() !== 0) return there;
  console.error(`LibreOffice Calc is not installed: ${INSTALL.join(' ')}`);
  try {
    execFileSync('apt-get', ['update'], { stdio: 'ignore' });
    execFileSync(INSTALL[0] ?? '', INSTALL.slice(1), {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (error) {
    console.error(String(error));
  }
  return findProgram('soffice', 'libreoffice');
}

function printTable(comparisons: readonly Comparison[]): void {
  const count = (name: string, found: ClassName): number =>
    comparisons.filter((each) => each.name === name && each.class === found).length;
  const present = (Object.keys(CLASSES) as ClassName[]).filter(
    (found) => found === 'agrees' || found === 'unexplained' || comparisons.some((each) => each.class === found),
  );
  const width = Math.max(...present.map((found) => found.length)) + 2;
  console.log(`${''.padEnd(width)}${FUNCTION_NAMES.map((name) => name.padStart(7)).join('')}`);
  for (const found of present)
    console.log(
      `${found.padEnd(width)}${FUNCTION_NAMES.map((name) => String(count(name, found)).padStart(7)).join('')}`,
    );
  const totals = FUNCTION_NAMES.map((name) => comparisons.filter((each) => each.name === name).length);
  console.log(`${'together'.padEnd(width)}${totals.map((total) => String(total).padStart(7)).join('')}\n`);
  for (const found of present) console.log(`${found}: ${CLASSES[found]}`);
}

function printExamples(comparisons: readonly Comparison[], all: boolean): void {
  const shown = comparisons.filter((each) => each.class === 'unexplained' || (all && each.class !== 'agrees'));
  const seen = new Map<string, number>();
  for (const each of shown) {
    const key = `${each.name} ${each.class}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if ((seen.get(key) ?? 0) <= 5)
      console.log(
        `\n${each.name}, ${each.class} (${each.kind})\n  ours  ${each.ours}\n  Calc  ${each.calc}\n  flows ${each.flows}`,
      );
  }
}

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '20260801' },
    examples: { type: 'boolean', default: false },
  },
});
const calc = findCalc();
if (calc === null) {
  console.error(`LibreOffice Calc is needed. Install it with: sudo ${INSTALL.join(' ')}`);
  process.exitCode = 2;
} else {
  const folder = await mkdtemp(join(tmpdir(), 'outturn-verify-finance-'));
  try {
    const cases = generateCases(Number(values.seed), Number(values.cases));
    const rates = cases.map(ratesOf);
    const sheet = cases.map((each, index) => ({ sheet: each, roots: rates[index]?.roots.map(String) ?? [] }));
    const rows = await calculate(calc, sheet, folder);
    const comparisons = cases.flatMap((each, index) =>
      compareCase(each, rates[index] as (typeof rates)[number], rows[index] as (typeof rows)[number]),
    );
    const dated = cases.filter(({ dates }) => dates !== null).length;
    console.log(`${cases.length} cases (${cases.length - dated} regular, ${dated} dated), seed ${values.seed}\n`);
    printTable(comparisons);
    printExamples(comparisons, values.examples);
    if (comparisons.some((each) => each.class === 'unexplained')) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
