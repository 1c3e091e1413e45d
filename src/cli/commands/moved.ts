import { type Command, Option } from 'commander';
import { createFormat, Decimal, type Format, type MovedCause, type MovedFigure, movedFigures } from '#domain';
import { type WhatMoved, whatMoved } from '#kit';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { table } from '../table.ts';
import { unknownName } from '../unknown-name.ts';

interface MovedOptions extends CommonOptions {
  from?: string;
  to?: string;
  figure: MovedFigure;
}

/** `outturn moved`: what moved a figure between two snapshots, cause by cause. */
export function moved(program: Command, io: Io): void {
  withCommon(
    program
      .command('moved')
      .argument('<project>', 'id')
      .description('what moved a figure between two snapshots: causes that sum to the difference')
      .option('--from <date|id>', 'last snapshot up to a date, or beginning of an id (default: the one before)')
      .option('--to <date|id>', 'the same (default: the newest)')
      .addOption(new Option('--figure <figure>', 'which figure').choices(movedFigures).default('npv')),
    [
      'moved checkout-rewrite',
      'moved checkout-rewrite --from 2026-06-30 --to 2026-09-30',
      'moved checkout-rewrite --from 3f9c1a22 --figure roi --json',
    ],
  ).action(async (project: string, { from, to, figure, ...options }: MovedOptions) => {
    await withApp(
      io,
      environmentOf(io, options),
      async ({ ports }) => {
        const definition = await ports.store.projects.get(project);
        if (definition === null)
          throw unknownName(
            'project',
            project,
            (await ports.store.projects.list()).map(({ id }) => id),
          );
        const found = await whatMoved(ports, { project, from, to, figure });
        if (options.json) return printJson(io, found);
        const { name, currency, timeZone } = definition;
        const format = createFormat({ locale: 'en-GB', currency: found.currency ?? currency, timeZone });
        io.out(`${io.color.bold(`What moved ${figureWords[figure]}`)} ${io.color.dim(`of ${name}`)}\n`);
        waterfall(io, found, format);
      },
      { reads: true },
    );
  });
}

const figureWords: Record<MovedFigure, string> = {
  npv: 'NPV',
  roi: 'ROI',
  benefit: 'benefit to date',
  cost: 'cost to date',
  'realised-roi': 'realised ROI (undiscounted)',
};
const causeWords: Record<MovedCause, string> = {
  volume: 'volume',
  rate: 'rates',
  attribution: 'attribution',
  cost: 'new costs',
  timing: 'timing',
  fx: 'exchange rates',
  restatement: 'restatements',
  method: 'method',
};
/** So many parts of one cause are named in words. */
const NAMED_PARTS = 3;

/** As `moneyChange` writes it: cents only below 100. */
function asWritten(amount: string): Decimal {
  const value = new Decimal(amount);
  return value.toDecimalPlaces(value.abs().lt(100) && !value.isInteger() ? 2 : 0, Decimal.ROUND_HALF_UP);
}

/** What the amounts leave of the total as all of them are written; null: nothing. */
function unshown({ change }: WhatMoved, causes: WhatMoved['contributions']): string | null {
  const rest = causes.reduce((left, { amount }) => left.minus(asWritten(amount)), asWritten(change));
  return rest.isZero() ? null : rest.toFixed();
}

function waterfall(io: Io, found: WhatMoved, format: Format): void {
  const isMoney = found.currency !== null;
  const figure = (value: string): string => (isMoney ? format.money(value) : format.percent(value));
  const change = (value: string): string => (isMoney ? format.moneyChange(value) : format.points(value));
  const causes = found.contributions.filter(({ amount }) => amount !== '0');
  const end = (side: 'from' | 'to'): string[] => [
    io.color.bold(format.date(found[side].asOf)),
    '',
    io.color.bold(figure(found[side].value)),
    io.color.dim(`snapshot ${found.snapshots[side].id.slice(0, 8)}`),
  ];
  const coloured = (amount: string): string =>
    amount.startsWith('-') ? io.color.red(change(amount)) : io.color.green(change(amount));
  const rest = isMoney ? unshown(found, causes) : null;
  const rows = causes.flatMap(({ cause, amount, parts }): string[][] => {
    const [only, ...others] = parts;
    const head = [`  ${causeWords[cause]}`, coloured(amount), ''];
    if (only === undefined) return [[...head, '']];
    if (others.length === 0) return [[...head, `${only.name}: ${only.because}`]];
    const named = parts.slice(0, NAMED_PARTS).map((part) => {
      const size = part.amount === null ? '' : io.color.dim(change(part.amount));
      return ['', size, '', `${part.name}: ${part.because}`];
    });
    const more = parts.length - named.length;
    return [[...head, ''], ...named, ...(more > 0 ? [['', '', '', `and ${more} more: --json has all`]] : [])];
  });
  io.out(
    table(
      io,
      [
        { head: '' },
        { head: 'change', align: 'right' },
        { head: 'figure', align: 'right' },
        { head: 'why', wraps: true },
      ],
      [
        end('from'),
        ...rows,
        ...(rest === null ? [] : [['  rounding', change(rest), '', 'of the amounts as they are written here']]),
        [io.color.bold('all together'), io.color.bold(change(found.change)), '', ''],
        end('to'),
      ],
    ),
  );
  const idle = found.contributions.filter(({ amount }) => amount === '0').map(({ cause }) => causeWords[cause]);
  io.out('');
  if (causes.length === 0) io.out('Nothing moved it.');
  else if (idle.length > 0) io.out(io.color.dim(`Not moved by ${idle.join(', ')}.`));
  for (const note of found.notes) io.out(`${io.color.yellow('note')} ${note}`);
}
