import type { Command } from 'commander';
import { createFormat, type Format, type PortfolioOutputs } from '#domain';
import { ALL_PROJECTS, fields, OutturnError, portfolioAt, portfolioIds } from '#kit';
import type { App } from '#src/main/app';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { instantOption, localDateOption } from '../point-in-time.ts';
import { table } from '../table.ts';

interface PortfolioOptions extends CommonOptions {
  asOf?: string;
  knownAt?: string;
  currency?: string;
  history?: boolean;
}

/** `outturn portfolio`: projects rolled up in one currency, claims settled. */
export function portfolio(program: Command, io: Io): void {
  withCommon(
    program
      .command('portfolio')
      .argument('[id]', 'id of a portfolio, or all', ALL_PROJECTS)
      .description('what projects are worth together: one currency, no benefit counted twice')
      .option('--as-of <date>', 'business date, YYYY-MM-DD; today when absent')
      .option('--known-at <time>', 'only what was recorded by then: a date (to its end) or a date-time with offset')
      .option('--currency <code>', 'another currency than the portfolio’s')
      .option('--history', 'the stored snapshots instead, newest first'),
    ['portfolio', 'portfolio shop', 'portfolio all --currency USD --as-of 2026-06-30', 'portfolio shop --history'],
  ).action(async (id: string, options: PortfolioOptions) => {
    const asOf = localDateOption('--as-of', options.asOf);
    const currency = currencyOption(options.currency);
    const knownAtMs = instantOption('--known-at', options.knownAt, 'UTC');
    await withApp(
      io,
      environmentOf(io, options),
      async (app) => {
        if (options.history) return await history(app, io, id, options.json === true);
        if ((await app.store.projects.list()).length === 0) return nothing(io, options.json === true);
        const {
          outputs,
          inputsHash,
          knownAtMs: known,
        } = await portfolioAt(app.ports, id, { asOf, knownAtMs, currency });
        if (options.json) return printJson(io, { asOf: outputs.asOf, knownAtMs: known, inputsHash, outputs });
        const format = createFormat({
          locale: 'en-GB',
          currency: outputs.currency,
          timeZone: app.config.settings.timeZone,
        });
        show(io, outputs, format);
        io.out(io.color.dim(`\nknown at ${format.instant(known)} · inputs ${inputsHash.slice(0, 12)}`));
        const others = (await portfolioIds(app.ports)).filter((other) => other !== id);
        io.out(io.color.dim(`other portfolios: ${others.join(', ') || 'none'}`));
      },
      { reads: true },
    );
  });
}

function nothing(io: Io, json: boolean): void {
  if (json) return printJson(io, { outputs: null });
  io.out('No project is defined. Add one below `projects:`; `outturn validate` checks it.');
}

function currencyOption(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const result = fields.currency.safeParse(text.toUpperCase());
  if (result.success) return result.data;
  throw new OutturnError('usage', `--currency takes an ISO 4217 code such as EUR, not "${text}".`);
}

function show(io: Io, outputs: PortfolioOutputs, format: Format): void {
  io.out(`${io.color.bold(outputs.name)} ${io.color.dim(`as of ${format.date(outputs.asOf)} in ${outputs.currency}`)}`);
  io.out(`${io.color.dim(outputs.basis)}\n`);
  const reduced = outputs.benefitBeforeClaims !== outputs.benefitToDate;
  const before = reduced
    ? `  ${io.color.dim(`${format.money(outputs.benefitBeforeClaims)} before claims were settled`)}`
    : '';
  const rows: [string, string][] = [
    ['ROI', format.percent(outputs.roi)],
    ['ROI, undiscounted', format.percent(outputs.realisedRoi)],
    ['NPV', format.money(outputs.npv)],
    ['Benefit to date', `${format.money(outputs.benefitToDate)}${before}`],
    ['Cost to date', format.money(outputs.costToDate)],
    ['Benefit–cost ratio', format.number(outputs.bcr)],
    ['IRR', irr(outputs, format)],
    ['Payback', outputs.payback.date === null ? 'not reached' : format.date(outputs.payback.date)],
    [
      'Coverage',
      `${format.share(outputs.coverage.ratio)}  ${io.color.dim(`${outputs.counted} of ${outputs.of} projects counted`)}`,
    ],
  ];
  for (const [name, value] of rows) io.out(`  ${name.padEnd(20)} ${value}`);
  io.out('');
  io.out(
    table(
      io,
      [
        { head: 'project', wraps: true },
        { head: 'ROI', align: 'right' },
        { head: 'NPV', align: 'right' },
        { head: 'benefit to date', align: 'right' },
        { head: 'cost to date', align: 'right' },
        { head: 'claimed by others too', align: 'right', optional: 2 },
        { head: 'coverage', align: 'right', optional: 1 },
      ],
      outputs.projects.map((project) => ({
        cells: [
          project.projectId,
          format.percent(project.roi),
          format.money(project.npv),
          format.money(project.benefitToDate),
          format.money(project.costToDate),
          project.claimReduction === null || project.claimReduction === '0'
            ? '–'
            : format.money(project.claimReduction),
          format.share(project.coverage),
        ],
        note: project.excludedBecause === null ? undefined : io.color.yellow(`not counted: ${project.excludedBecause}`),
      })),
    ),
  );
  for (const { code, message } of outputs.warnings)
    if (code === 'value/claim-conflict') io.out(`${io.color.yellow('warning')} ${message}`);
}

function irr({ irr: result }: PortfolioOutputs, format: Format): string {
  if (result.status === 'unique') return format.yearly(result.value);
  return { multiple: 'several roots', none: 'none from −99% to 1,000%', 'not-applicable': 'n/a' }[result.status];
}

async function history(app: App, io: Io, id: string, json: boolean): Promise<void> {
  const snapshots = await app.store.portfolios.history(id, 100);
  if (json) return printJson(io, snapshots);
  if (snapshots.length === 0)
    return io.out(
      `No snapshot of ${id} is stored. They are made after each recompute of a project that names a portfolio.`,
    );
  io.out(
    table(
      io,
      [
        { head: 'as of' },
        { head: 'computed', optional: 2 },
        { head: 'ROI', align: 'right' },
        { head: 'NPV', align: 'right' },
        { head: 'projects', align: 'right' },
        { head: 'coverage', align: 'right', optional: 1 },
        { head: 'snapshot' },
      ],
      snapshots.map(({ id: snapshotId, asOf, createdAtMs, outputs }) => {
        const format = createFormat({
          locale: 'en-GB',
          currency: outputs.currency,
          timeZone: app.config.settings.timeZone,
        });
        return [
          format.date(asOf),
          format.instant(createdAtMs),
          format.percent(outputs.roi),
          format.money(outputs.npv),
          `${outputs.counted} of ${outputs.of}`,
          format.share(outputs.coverage.ratio),
          snapshotId.slice(0, 8),
        ];
      }),
    ),
  );
}
