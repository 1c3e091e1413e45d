import type { Command } from 'commander';
import { addDays, isLocalDate, type LocalDate, localDateAt } from '#domain';
import { fields, OutturnError } from '#kit';
import type { App } from '#src/main/app';
import type { FxAnswer, FxLegWithOrigin, FxQuestion } from '#src/main/fx';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { plural } from '../job-words.ts';
import { instantOption, localDateOption } from '../point-in-time.ts';
import { table } from '../table.ts';
import { instantWords } from '../times.ts';

interface Options extends CommonOptions {
  from?: string;
  to?: string;
  on?: string;
  average?: string;
  knownAt?: string;
}

/** `outturn fx`: one exchange rate with where it comes from, or what is held; `outturn fx coverage`: what projects lack. */
export function fx(program: Command, io: Io): void {
  const command = withCommon(
    program
      .command('fx')
      .description('exchange rates: one with where it comes from; without --from, what is held')
      .option('--from <code>', 'currency of the amount')
      .option('--to <code>', 'currency that it is converted into')
      .option('--on <date>', 'date, YYYY-MM-DD; today when absent')
      .option('--average <from..to>', 'the mean over these days instead, both included')
      .option('--known-at <time>', 'only what was recorded by then: a date (to its end) or a date-time with offset'),
    [
      'fx',
      'fx --from USD --to EUR --on 2026-06-30',
      'fx --from USD --to GBP --average 2026-06-01..2026-06-30',
      'fx coverage',
    ],
  ).action(async (options: Options) => {
    const question = questionOf(options);
    await withApp(
      io,
      environmentOf(io, options),
      async (app) => {
        if (question === null) return await held(app, io, options.json === true);
        const { readFxRate } = await import('#src/main/fx');
        const today = localDateAt(app.ports.clock.nowMs(), app.config.settings.timeZone);
        const asked = question(options.on ?? today);
        const answer = await readFxRate(app.store, asked);
        if (!answer.found) io.setExitCode(1);
        if (options.json) return printJson(io, { ...asked, ...answer });
        show(io, asked, answer);
      },
      { reads: true },
    );
  });

  withCommon(
    command.command('coverage').description('the rates that projects need, and the days on which there is none'),
    ['fx coverage', 'fx coverage --json'],
  ).action(async (_options: CommonOptions, self: Command) => {
    const options = self.optsWithGlobals<CommonOptions>();
    await withApp(
      io,
      environmentOf(io, options),
      async (app) => {
        const { readFxCoverage } = await import('#src/main/fx');
        const today = localDateAt(app.ports.clock.nowMs(), app.config.settings.timeZone);
        const rows = await readFxCoverage(app.store, today);
        if (rows.some(({ gaps }) => gaps.length > 0)) io.setExitCode(1);
        if (options.json) return printJson(io, { today, coverage: rows });
        if (rows.length === 0) return io.out('No project has an amount in another currency: no rate is needed.');
        const of = (gaps: { from: LocalDate; to: LocalDate }[]): string => {
          const shown = gaps.slice(0, 3).map(({ from, to }) => days(from, addDays(to, -1)));
          return [...shown, ...(gaps.length > 3 ? [`and ${gaps.length - 3} more stretches`] : [])].join(', ');
        };
        io.out(
          table(
            io,
            [
              { head: 'project', wraps: true },
              { head: 'from' },
              { head: 'to' },
              { head: 'needed since' },
              { head: 'rates' },
            ],
            rows.map(({ project, from, to, since, gaps }) => ({
              cells: [
                project,
                from,
                to,
                since,
                gaps.length === 0 ? io.color.green('complete') : io.color.red('missing'),
              ],
              note: gaps.length === 0 ? undefined : `no rate on ${of(gaps)}`,
            })),
          ),
        );
      },
      { reads: true },
    );
  });
}

/** Null: nothing was asked. */
function questionOf(options: Options): ((on: LocalDate) => FxQuestion) | null {
  const { from, to, average } = options;
  if (from === undefined && to === undefined) {
    if (options.on === undefined && average === undefined && options.knownAt === undefined) return null;
    throw new OutturnError('usage', 'Which rate? Give --from and --to, such as --from USD --to EUR.');
  }
  if (from === undefined || to === undefined)
    throw new OutturnError('usage', `--${from === undefined ? 'from' : 'to'} is missing: a rate has two currencies.`);
  if (average !== undefined && options.on !== undefined)
    throw new OutturnError('usage', '--on and --average exclude each other.');
  const common = {
    from: currency('--from', from),
    to: currency('--to', to),
    knownAtMs: instantOption('--known-at', options.knownAt, 'UTC'),
  };
  localDateOption('--on', options.on);
  const period = average === undefined ? null : periodOf(average);
  return (on) => (period === null ? { ...common, on } : { ...common, period });
}

function periodOf(text: string): { from: LocalDate; to: LocalDate } {
  const [from = '', to = '', more] = text.split('..');
  if (more !== undefined || !isLocalDate(from) || !isLocalDate(to) || from > to)
    throw new OutturnError('usage', `--average takes two dates such as 2026-06-01..2026-06-30, not "${text}".`);
  return { from, to: addDays(to, 1) };
}

function currency(option: string, text: string): string {
  const result = fields.currency.safeParse(text.toUpperCase());
  if (result.success) return result.data;
  throw new OutturnError('usage', `${option} takes an ISO 4217 code such as EUR, not "${text}".`);
}

const days = (first: LocalDate, last: LocalDate): string => (first === last ? first : `${first} to ${last}`);

function show(io: Io, asked: FxQuestion, answer: FxAnswer): void {
  const when = 'period' in asked ? `mean of ${days(asked.period.from, addDays(asked.period.to, -1))}` : asked.on;
  if (!answer.found) {
    io.out(
      `${io.color.red('no rate')} from ${asked.from} to ${asked.to} on ${answer.missingOn}; it is never taken as 1.`,
    );
    for (const currency of [asked.from, asked.to])
      if (currency !== 'EUR' && !answer.newest.some(({ base, quote }) => base === currency || quote === currency))
        io.out(`  nothing is held of ${currency} before that`);
    for (const { source, base, quote, date, rate } of answer.newest)
      io.out(`  newest before: 1 ${base} = ${rate} ${quote} of ${date} (${source}); a rate counts for 7 days`);
    io.out('  Pull a connector of kind ecb for that time, or write a rate below fx: in the configuration.');
    return;
  }
  io.out(`${io.color.bold(`1 ${asked.from} = ${answer.rate} ${asked.to}`)}  ${io.color.dim(when)}`);
  if (answer.average !== null) {
    const { over, days: count, first, last } = answer.average;
    const what = over === 'publication-days' ? 'publication' : 'calendar';
    io.out(`mean of ${plural(count, `${what} day`)}, ${days(first, last)}; the last one:`);
  }
  for (const leg of answer.legs) io.out(`  ${legWords(leg)}`);
}

function legWords({ from, to, rate, date, source, origin, quoted, stored }: FxLegWithOrigin): string {
  const inverted = quoted.base === from ? '' : ` (1 ${quoted.base} = ${quoted.rate} ${quoted.quote})`;
  const figure = `1 ${from} = ${rate.toSignificantDigits(12).toFixed()} ${to}${inverted}`;
  if (origin === 'configured') return `${figure}, configured from ${date} on, source ${source}`;
  const corrected = stored !== null && stored.revision > 1 ? `, corrected (revision ${stored.revision})` : '';
  const pull = stored === null ? '' : `, pull ${stored.pullId?.slice(0, 8)} of ${instantWords(stored.recordedAtMs)}`;
  return `${figure}, published ${date} (${source}${corrected}${pull})`;
}

/** Every published pair and every configured rate. */
async function held({ store }: App, io: Io, json: boolean): Promise<void> {
  const [published, version] = [await store.fx.coverage(), await store.fx.configuredVersionAt()];
  const configured = version?.rates ?? [];
  if (json) return printJson(io, { published, configured });
  if (published.length + configured.length === 0)
    return io.out(
      'There are no exchange rates. Add a connector of kind ecb and pull it, or write rates below fx: in the configuration.',
    );
  if (published.length > 0)
    io.out(
      table(
        io,
        [
          { head: 'published by' },
          { head: 'one' },
          { head: 'in' },
          { head: 'first' },
          { head: 'last' },
          { head: 'dates', align: 'right' },
        ],
        published.map(({ source, base, quote, first, last, count }) => [
          source,
          base,
          quote,
          first,
          last,
          String(count),
        ]),
      ),
    );
  if (published.length > 0 && configured.length > 0) io.out('');
  if (configured.length > 0)
    io.out(
      table(
        io,
        [
          { head: 'configured by' },
          { head: 'one' },
          { head: 'is', align: 'right' },
          { head: 'of' },
          { head: 'from' },
          { head: 'until' },
        ],
        configured.map(({ source, from, rate, to, validFrom, validTo }) => [
          source,
          from,
          rate,
          to,
          validFrom,
          validTo,
        ]),
      ),
    );
}
