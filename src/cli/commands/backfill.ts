import type { Command } from 'commander';
import { type Config, OutturnError, parseDurationMs } from '#kit';
import type { App } from '#src/main/app';
import { backfillPlanView } from '#src/main/backfill-view';
import { printPlan } from '../backfill-words.ts';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { follow, printDetached } from '../follow-backfills.ts';
import { type Io, printJson } from '../io.ts';
import { selectPulled } from '../select-streams.ts';
import { instantOption } from '../window-options.ts';
import { backfillLedger } from './backfill-ledger.ts';

interface BackfillOptions extends CommonOptions {
  from?: string;
  to?: string;
  chunk: string;
  plan?: boolean;
  detach?: boolean;
}

/** `outturn backfill TARGET`: reads the past of a stream in chunks; and below it what can be done about backfills. */
export function backfill(program: Command, io: Io): void {
  const command = withCommon(
    program
      .command('backfill')
      .argument('[target]', 'connector (all its streams), or connector.stream')
      .description('read the past of a stream in chunks, behind the live pulls; list, cancel or resume backfills')
      .option('--from <instant>', 'start of the window: a date (midnight UTC) or date-time (UTC without a zone)')
      .option('--to <instant>', 'end of the window, excluded')
      .option('--chunk <duration>', 'length of one chunk', '7d')
      .option('--plan', 'show chunks, requests, what is there already and warnings; write nothing')
      .option('--detach', 'only start it, for a running worker')
      // So that options after the name of a command below belong to that one.
      .enablePositionalOptions(),
    [
      'backfill shop-metrics --from 2026-01-01 --to 2026-04-01 --plan',
      'backfill shop-metrics.failed-checkouts --from 2026-01-01 --to 2026-04-01',
      'backfill sap --from 2025-01-01 --to 2026-01-01 --chunk 30d --detach',
      'backfill list',
      'backfill resume 0d6f3a21',
    ],
  ).action(async (target: string | undefined, options: BackfillOptions) => {
    if (target === undefined)
      throw new OutturnError('usage', 'Name a connector or connector.stream.', {
        hint: '`outturn backfill list` shows backfills; `outturn backfill --help` has examples.',
      });
    if (options.from === undefined || options.to === undefined)
      throw new OutturnError('usage', 'A backfill needs --from and --to.', {
        hint: `For instance: outturn backfill ${target} --from 2026-01-01 --to 2026-04-01 --plan`,
      });
    const window = { fromMs: instantOption(options.from, '--from'), toMs: instantOption(options.to, '--to') };
    const chunkMs = parseDurationMs(options.chunk);
    if (chunkMs === null || chunkMs <= 0)
      throw new OutturnError('usage', `--chunk takes a duration such as 12h, 7d or 30d, not "${options.chunk}".`);
    if (options.plan && options.detach)
      throw new OutturnError('usage', '--plan and --detach do not go together.', { hint: 'Leave one out.' });
    const json = options.json === true;
    const streamsOf = (config: Config) => selectPulled(config.connectors, [target]);
    const work = async (app: App): Promise<void> => {
      const plans = [];
      for (const stream of streamsOf(app.config))
        plans.push(await app.backfills.plan({ ...stream, ...window, chunkMs }));
      if (options.plan) {
        if (json) return printJson(io, { plans: plans.map(backfillPlanView) });
        for (const plan of plans) printPlan(io, plan);
        return io.out(io.color.dim('Nothing was written; without --plan it begins.'));
      }
      for (const warning of new Set(plans.flatMap(({ warnings }) => warnings)))
        if (!json) io.err(`${io.color.yellow('!')} ${warning}`);
      const started = await app.backfills.create(plans, 'cli');
      if (options.detach) return printDetached(io, started, json);
      await follow(app, io, started, json);
    };
    await withApp(io, environmentOf(io, options, { logLevel: 'error' }), work, {
      check: streamsOf,
      applies: options.plan !== true,
    });
  });
  backfillLedger(command, io);
}
