import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { daysBetween } from '#domain';
import type { SheetCase } from './finance-generate.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 300_000;

/** What Calc shows in a cell: a number, or its error such as `Err:523`. */
export type CalcValue = number | string;
export interface CalcRow {
  npv: CalcValue;
  irr: CalcValue;
  mirr: CalcValue;
  xnpv: CalcValue;
  xirr: CalcValue;
  /** The same function with each of our roots as its guess. */
  confirmed: CalcValue[];
}

const FUNCTIONS = 5;
/** Of our roots, as many as are asked for again. */
export const MOST_ROOTS = 4;
const RESULTS = FUNCTIONS + MOST_ROOTS;
const FIRST_FLOW = RESULTS + 4;

/** 0 is A. */
function columnName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : `${columnName(Math.floor(index / 26) - 1)}${letter}`;
}

const number = (value: string): string => `<table:table-cell office:value-type="float" office:value="${value}"/>`;
const formula = (text: string | null): string =>
  text === null ? '<table:table-cell/>' : `<table:table-cell table:style-name="plain" table:formula="of:=${text}"/>`;

/** Columns: nine formulas, three rates, one empty, the flows, then their dates as days since 1899-12-30. */
function rowOf(each: SheetCase, roots: readonly string[], row: number): string {
  const cell = (column: number): string => `[.${columnName(column)}${row}]`;
  const range = (column: number): string =>
    `[.${columnName(column)}${row}:.${columnName(column + each.flows.length - 1)}${row}]`;
  const [rate, finance, reinvest] = [RESULTS, RESULTS + 1, RESULTS + 2].map(cell);
  const flows = range(FIRST_FLOW);
  const dates = range(FIRST_FLOW + each.flows.length);
  const formulas = each.dates
    ? [null, null, null, `XNPV(${rate};${flows};${dates})`, `XIRR(${flows};${dates})`]
    : [`NPV(${rate};${flows})`, `IRR(${flows})`, `MIRR(${flows};${finance};${reinvest})`, null, null];
  return [
    '<table:table-row>',
    ...formulas.map(formula),
    ...Array.from({ length: MOST_ROOTS }, (_, index) => {
      const guess = roots[index];
      if (guess === undefined) return formula(null);
      return formula(each.dates ? `XIRR(${flows};${dates};${guess})` : `IRR(${flows};${guess})`);
    }),
    ...[each.rate, each.financeRate, each.reinvestRate].map(number),
    '<table:table-cell/>',
    ...each.flows.map(number),
    ...(each.dates ?? []).map((date) => number(String(daysBetween('1899-12-30', date)))),
    '</table:table-row>',
  ].join('');
}

const HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
 xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2" office:version="1.3"
 office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:automatic-styles>
<number:number-style style:name="digits"><number:scientific-number number:decimal-places="16" number:min-integer-digits="1" number:min-exponent-digits="2"/></number:number-style>
<style:style style:name="plain" style:family="table-cell" style:data-style-name="digits"/></office:automatic-styles><office:body><office:spreadsheet><table:table table:name="cases">`;
const FOOT = '</table:table></office:spreadsheet></office:body></office:document>';

/** Comma, quote, UTF-8, from line 1, as the cells show it: 17 digits, where Calc would show money and percentages by itself. */
const CSV_FILTER = 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true';

/** Lets Calc compute every case in a sheet made in `folder`, by a profile of its own. */
export async function calculate(
  soffice: string,
  cases: readonly { sheet: SheetCase; roots: readonly string[] }[],
  folder: string,
): Promise<CalcRow[]> {
  const sheet = join(folder, 'cases.fods');
  await writeFile(
    sheet,
    `${HEAD}\n${cases.map(({ sheet: each, roots }, index) => rowOf(each, roots, index + 1)).join('\n')}\n${FOOT}\n`,
  );
  const profile = pathToFileURL(join(folder, 'profile')).href;
  const { stdout, stderr } = await run(
    soffice,
    [`-env:UserInstallation=${profile}`, '--headless', '--convert-to', CSV_FILTER, '--outdir', folder, sheet],
    { timeout: TIMEOUT_MS },
  );
  const lines = await readFile(join(folder, 'cases.csv'), 'utf8').catch((error: unknown) => {
    throw new Error(`Calc wrote no file: ${stdout}${stderr}`, { cause: error });
  });
  const rows = lines.trimEnd().split('\n');
  if (rows.length !== cases.length) throw new Error(`Calc wrote ${rows.length} rows for ${cases.length} cases`);
  return rows.map((line) => {
    const [npv, irr, mirr, xnpv, xirr, ...again] = line.split(',').slice(0, RESULTS).map(valueOf);
    return { npv, irr, mirr, xnpv, xirr, confirmed: again.filter((value) => value !== '') } as CalcRow;
  });
}

function valueOf(cell: string): CalcValue {
  const text = cell.replace(/^"(.*)"$/, '$1');
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? text : value;
}
