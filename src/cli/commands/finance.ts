import type { Command } from 'commander';
import type { BenefitResult, FinanceResult } from '#domain';
import { evaluateFinanceInput, OutturnError } from '#kit';
import { withExamples } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { locateJson } from '../json-lines.ts';
import { type Column, type Row, table } from '../table.ts';

/** `outturn finance`: the finance engine on its own, for a document of cash flows on standard input. */
export function finance(program: Command, io: Io): void {
  withExamples(
    program
      .command('finance')
      .description('compute NPV, ROI, BCR, IRR, MIRR and payback of the cash flows on standard input')
      .option('--json', 'one JSON document on standard output')
      .addHelpText('after', HELP),
    [
      'finance --json < cases.json',
      `$ echo '{"cases":[{"id":"a","rate":"0.08","flows":["-100","60","60"]}]}' | outturn finance`,
    ],
  ).action(async (options: { json?: boolean }) => {
    const text = await io.readInput();
    const input = parse(text);
    const { results, benefits } = evaluateFinanceInput(input, locateJson(text));
    if (options.json) return printJson(io, [...results, ...benefits]);
    if (results.length + benefits.length === 0) return io.out('No cases.');
    showBenefits(io, benefits);
    if (results.length === 0) return;
    io.out(
      table(
        io,
        [
          { head: 'case', wraps: true },
          { head: 'NPV', align: 'right' },
          { head: 'ROI', align: 'right', optional: 4 },
          { head: 'BCR', align: 'right', optional: 3 },
          { head: 'IRR', align: 'right' },
          { head: 'MIRR', align: 'right', optional: 2 },
          { head: 'payback', align: 'right' },
          { head: 'discounted', align: 'right', optional: 1 },
        ],
        results.map((result) => row(io, result)),
      ),
    );
  });
}

function showBenefits(io: Io, benefits: readonly BenefitResult[]): void {
  if (benefits.length === 0) return;
  const rows = benefits.map(({ id, unadjustedBenefitToDate, benefitToDate, periods }) => [
    id,
    unadjustedBenefitToDate,
    benefitToDate,
    String(periods.length),
  ]);
  const figure = (head: string): Column => ({ head, align: 'right' });
  const columns = [{ head: 'benefit of', wraps: true }, figure('unadjusted'), figure('to date'), figure('periods')];
  io.out(`${table(io, columns, rows)}\n`);
}

const HELP = `
A case gives one of
  flows       ["-100","60","60"]       net amounts by period, index 0 first
  costs and   ["100","0"],
  benefits    ["0","150"]              positive amounts: ROI and BCR too
  datedFlows  [["2026-01-01","-100"]]  by date, act/365: XNPV and XIRR

a benefit (in "benefit": […]) is made of
  actual, counterfactual  lists by period; rate, direction, kind; exposure
  attribution, deadweight, displacement, confidence

and, where wanted
  convention    npv0 (default), excel, tei, green-book, servicenow
  timing        start, mid or end of the period, where the convention allows it
  rate          "0.08", or rates: ["0.08","0.07"], the last holding on,
                or rates: [{"fromYear":0,"rate":"0.08"},
                           {"fromYear":5,"rate":"0.06"}]
  inflation     like rate or rates: flows are brought to the prices of time zero
  costRisk, benefitRisk      "0.1": costs 10 % higher, benefits 10 % lower
  financeRate, reinvestRate  of MIRR; without them the case's own rate

Every convention and formula with its source: docs/finance.md`;

const NUMBER = new Intl.NumberFormat('en', { useGrouping: false, maximumFractionDigits: 4 });
const short = (value: number | null): string | null => (value === null ? null : NUMBER.format(value));
const percent = (value: number | null): string | null =>
  value === null ? null : `${Number((value * 100).toPrecision(6))}%`;

function row(io: Io, result: FinanceResult): Row {
  const { payback, discountedPayback } = result;
  const crossing = (years: number | null, crossesBack: boolean): string | null =>
    years === null ? null : `${Number(years.toPrecision(4))}${crossesBack ? ' *' : ''}`;
  return {
    cells: [
      result.id,
      short(result.npv ?? result.xnpv),
      percent(result.roi),
      short(result.bcr),
      result.irrStatus === 'unique' ? percent(result.irrRoots?.[0] ?? null) : result.irrStatus,
      percent(result.mirr),
      crossing(payback, result.paybackCrossesBack),
      crossing(discountedPayback, result.discountedPaybackCrossesBack),
    ],
    note: notes(result).join('\n'),
  };
}

/** NPV at these rates, besides those at which it is zero, is enough to see how it runs. */
const SHOWN_RATES = [-0.5, 0, 0.1, 0.5, 1];

function notes(result: FinanceResult): string[] {
  const { irrStatus, irrRoots, npvCurve } = result;
  const lines = [result.basis];
  if (irrStatus === 'none') lines.push('no IRR from -99% to 1000%');
  if (irrStatus === 'multiple') lines.push(`IRR not unique: ${(irrRoots ?? []).map(percent).join(', ')}`);
  const curve = npvCurve.filter(({ rate }) => SHOWN_RATES.includes(rate));
  if (curve.length > 0)
    lines.push(
      `NPV ${curve.map(({ rate, npv }) => `${short(Math.round(npv * 100) / 100)} at ${percent(rate)}`).join(', ')}`,
    );
  if (result.paybackCrossesBack || result.discountedPaybackCrossesBack)
    lines.push('* the cumulative net falls below zero again later');
  if (result.paybackWords !== null) lines.push(`payback in TEI's words: ${result.paybackWords}`);
  return lines;
}

function parse(text: string): unknown {
  if (text.trim() === '')
    throw new OutturnError('value/bad-input', 'Standard input is empty.', {
      hint: 'Give a document, e.g. `outturn finance --json < cases.json`.',
    });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OutturnError(
      'value/bad-input',
      `Standard input is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      { hint: 'Give one JSON document, e.g. `outturn finance --json < cases.json`.', cause: error },
    );
  }
}
