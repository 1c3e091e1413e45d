import type { Command } from 'commander';
import { createFormat } from '#domain';
import { explain as explainFigure } from '#kit';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { explainLines } from '../explain-tree.ts';
import { type Io, printJson } from '../io.ts';
import { instantOption, localDateOption, wholeNumberOption } from '../point-in-time.ts';
import { shellQuote } from '../shell-quote.ts';
import { unknownName } from '../unknown-name.ts';

interface ExplainOptions extends CommonOptions {
  depth: string;
  limit: string;
  asOf?: string;
  knownAt?: string;
}

/** `outturn explain`: opens a figure down to the archived page that it came from. */
export function explain(program: Command, io: Io): void {
  withCommon(
    program
      .command('explain')
      .argument('<project>', 'id')
      .argument('[figure]', 'roi, npv, benefit, cost …, a metric, or what a line of the tree names', 'roi')
      .description('how a figure was made: formula, periods, samples, pull, request, archived page')
      .option('--depth <levels>', 'levels shown below it', '2')
      .option('--limit <n>', 'lines shown below one line', '12')
      .option('--as-of <date>', 'business date, YYYY-MM-DD; today when absent')
      .option('--known-at <time>', 'only what was recorded by then: a date (to its end) or a date-time with offset'),
    [
      'explain checkout-rewrite',
      'explain checkout-rewrite failed-checkouts',
      'explain checkout-rewrite failed-checkouts/2026-07-06 --depth 6',
      'explain checkout-rewrite cost --as-of 2026-06-30 --known-at 2026-07-05',
    ],
  ).action(async (project: string, figure: string, options: ExplainOptions) => {
    const depth = wholeNumberOption('--depth', options.depth, { least: 0, most: 20 });
    const limit = wholeNumberOption('--limit', options.limit, { least: 1, most: 10_000 });
    const asOf = localDateOption('--as-of', options.asOf);
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
        const knownAtMs = instantOption('--known-at', options.knownAt, definition.timeZone);
        const found = await explainFigure(ports, { project, path: figure, asOf, knownAtMs, depth, limit });
        if (options.json) return printJson(io, found);
        const format = createFormat({
          locale: 'en-GB',
          currency: definition.currency,
          timeZone: definition.timeZone,
        });
        const when = [
          ...(options.asOf === undefined ? [] : ['--as-of', options.asOf]),
          ...(options.knownAt === undefined ? [] : ['--known-at', shellQuote(options.knownAt)]),
        ];
        const open = (path: string): string =>
          ['outturn explain', project, shellQuote(path), ...when, ...(path === figure ? ['--limit 1000'] : [])].join(
            ' ',
          );
        for (const line of explainLines(io, found.tree, format, open)) io.out(line);
        io.out(
          io.color.dim(
            `\nas of ${format.date(found.asOf)} · known at ${format.instant(found.knownAtMs)} · inputs ${found.inputsHash.slice(0, 12)}`,
          ),
        );
      },
      { reads: true },
    );
  });
}
