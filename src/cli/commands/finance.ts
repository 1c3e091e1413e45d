import type { Command } from 'commander';
import { evaluateFinanceInput, OutturnError } from '#kit';
import { withExamples } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { table } from '../table.ts';

/** `outturn finance`: the finance engine on its own, for a document of cash flows on standard input. */
export function finance(program: Command, io: Io): void {
  withExamples(
    program
      .command('finance')
      .description('compute NPV, ROI, BCR, IRR and payback of the cash flows on standard input')
      .option('--json', 'one JSON document on standard output'),
    [
      'finance --json < cases.json',
      `$ echo '{"cases":[{"id":"a","rate":"0.08","flows":["-100","60","60"]}]}' | outturn finance`,
    ],
  ).action(async (options: { json?: boolean }) => {
    const results = evaluateFinanceInput(parse(await io.readInput()));
    if (options.json) return printJson(io, results);
    const show = (value: number | null): string | null =>
      value === null ? null : String(Number(value.toPrecision(8)));
    io.out(
      table(
        io,
        [
          { head: 'case', wraps: true },
          { head: 'NPV', align: 'right' },
          { head: 'ROI', align: 'right' },
          { head: 'BCR', align: 'right', optional: 3 },
          { head: 'IRR', wraps: true },
          { head: 'MIRR', align: 'right', optional: 1 },
          { head: 'XIRR', align: 'right', optional: 2 },
          { head: 'payback', align: 'right' },
        ],
        results.map((row) => [
          row.id,
          show(row.npv),
          show(row.roi),
          show(row.bcr),
          row.irrStatus === null ? null : `${row.irrStatus} ${(row.irrRoots ?? []).map(show).join(' ')}`,
          show(row.mirr),
          show(row.xirr),
          show(row.payback),
        ]),
      ),
    );
  });
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
