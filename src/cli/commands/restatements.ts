import type { Command } from 'commander';
import { causeWords, createFormat, type Format } from '#domain';
import type { RestatementRow } from '#kit';
import type { App } from '#src/main/app';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { wholeNumberOption } from '../point-in-time.ts';
import { table } from '../table.ts';
import { unknownName } from '../unknown-name.ts';

/** `outturn restatements`: figures that were counted once and are others now. */
export function restatements(program: Command, io: Io): void {
  withCommon(
    program
      .command('restatements')
      .argument('[project]', 'of one project; of all when absent')
      .description('figures that were counted once and are others now, newest first, with the reason')
      .option('--limit <n>', 'at most so many', '50'),
    ['restatements', 'restatements checkout-rewrite', 'restatements checkout-rewrite --limit 500 --json'],
  ).action(async (id: string | undefined, options: CommonOptions & { limit: string }) => {
    const limit = wholeNumberOption('--limit', options.limit, { least: 1, most: 10_000 });
    const show = async ({ store, config }: App): Promise<void> => {
      const projects = await store.projects.list();
      const named = id === undefined ? null : await store.projects.get(id);
      if (id !== undefined && named === null)
        throw unknownName(
          'project',
          id,
          projects.map((project) => project.id),
        );
      const rows = await store.restatements.list({ projectId: id, limit });
      if (options.json) return printJson(io, rows);
      if (rows.length === 0)
        return io.out('Nothing was restated: every figure that was counted still stands as it was first reported.');
      print(io, rows, named?.timeZone ?? config.settings.timeZone, id === undefined);
      if (rows.length === limit) io.out(io.color.dim(`\nThe newest ${limit}; --limit shows more.`));
    };
    await withApp(io, environmentOf(io, options), show, { reads: true });
  });
}

function print(io: Io, rows: RestatementRow[], timeZone: string, withProject: boolean): void {
  const formatOf = ({ currency }: RestatementRow): Format => createFormat({ locale: 'en-GB', currency, timeZone });
  io.out(
    table(
      io,
      [
        { head: 'recorded', optional: 1 },
        ...(withProject ? [{ head: 'project', wraps: true }] : []),
        { head: 'figure', wraps: true },
        { head: 'period' },
        { head: 'was', align: 'right' as const },
        { head: 'is', align: 'right' as const },
        { head: 'why', wraps: true },
      ],
      rows.map((row) => {
        const format = formatOf(row);
        return [
          format.instant(row.recordedAtMs),
          ...(withProject ? [row.projectId] : []),
          row.kind === 'cost' ? `cost ${row.costKey}` : row.name,
          format.date(row.period),
          format.money(row.oldAmount),
          row.newAmount === null ? 'not counted' : format.money(row.newAmount),
          causeWords({ ...row, unit: row.unit ?? '' }, format),
        ];
      }),
    ),
  );
}
