import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { type Config, OutturnError } from '#kit';
import type { App } from '#src/main/app';
import { enqueueAll, isRetrying, runToEnd, type WorkRequest, type WorkResult } from '#src/main/work';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type DryRunTarget, dryRun } from '../dry-run.ts';
import { finishJobs, printQueued } from '../finish-jobs.ts';
import type { Io } from '../io.ts';
import { everyPulled, selectPulled } from '../select-streams.ts';
import { tellWaits } from '../wait-words.ts';
import { instantOption } from '../window-options.ts';

const TIMEOUT_MS = 60 * 60_000;

interface PullOptions extends CommonOptions {
  from?: string;
  to?: string;
  dryRun?: boolean;
  enqueue?: boolean;
  all?: boolean;
}

/** `outturn pull`: brings a connector's streams up to date, or shows what that would store. */
export function pull(program: Command, io: Io): void {
  withCommon(
    program
      .command('pull')
      .argument('[target...]', 'connector, or connector.stream')
      .description('pull measurements and costs now')
      .option('--all', 'every stream of every connector')
      .option(
        '--from <instant>',
        'start of the window: a date (midnight UTC) or date-time (UTC without a zone); the watermark less the lookback when absent',
      )
      .option('--to <instant>', 'end of the window, excluded; now when absent')
      .option('--dry-run', 'show requests and parsed rows; write nothing')
      .option('--enqueue', 'only put the jobs in the queue, for a running worker'),
    [
      'pull --all',
      'pull shop-metrics --dry-run',
      'pull sap.project-costs --from 2026-09-01 --to 2026-10-01',
      'pull sap.project-costs --from 2026-09-01T06:00:00+02:00 --enqueue',
    ],
  ).action(async (targets: string[], options: PullOptions) => {
    if (targets.length === 0 && !options.all)
      throw new OutturnError('usage', 'Name a connector or connector.stream, or give --all.', {
        hint: '`outturn validate` tells what is configured; `outturn pull --help` has examples.',
      });
    if (targets.length > 0 && options.all)
      throw new OutturnError('usage', '--all and names do not go together.', { hint: 'Leave one of them out.' });
    if (options.dryRun && options.enqueue)
      throw new OutturnError('usage', '--dry-run and --enqueue do not go together.', { hint: 'Leave one out.' });
    const window = windowOf(options);
    const json = options.json === true;
    const streamsOf = (config: Config): DryRunTarget[] =>
      options.all === true ? everyPulled(config.connectors) : selectPulled(config.connectors, targets);
    const work = async (app: App): Promise<void> => {
      const streams = streamsOf(app.config);
      if (options.dryRun) return dryRun(app, io, streams, window, json);
      const requests: WorkRequest[] = streams.map((stream) => ({
        kind: 'pull',
        args: {
          ...stream,
          ...(window.fromMs === null ? {} : { from: new Date(window.fromMs).toISOString() }),
          ...(window.toMs === null ? {} : { to: new Date(window.toMs).toISOString() }),
        },
      }));
      if (options.enqueue) return printQueued(io, await enqueueAll(app, requests, 'cli'), json);
      finishJobs(io, await withProgress(app, io, requests, json), json);
    };
    await withApp(io, environmentOf(io, options, { logLevel: 'error' }), work, {
      check: streamsOf,
      applies: options.dryRun !== true,
    });
  });
}

async function withProgress(app: App, io: Io, requests: WorkRequest[], json: boolean): Promise<WorkResult> {
  const bar =
    io.interactive && !json
      ? new SingleBar({
          format: 'pulling {bar} {value}/{total} streams{note}, {duration_formatted}',
          barsize: 24,
          hideCursor: true,
          clearOnComplete: true,
          stream: process.stderr,
        })
      : null;
  bar?.start(requests.length, 0, { note: '' });
  // A line stands above the bar, which is drawn anew below it.
  const err = (line: string): void => io.err(bar === null ? line : `\r\u001b[K${line}`);
  const waitNote = tellWaits({ err, color: io.color }, app.ports.clock.nowMs);
  try {
    return await runToEnd(app, requests, {
      cause: 'cli',
      timeoutMs: TIMEOUT_MS,
      signal: io.signal,
      onProgress: (jobs) => {
        const waiting = json ? '' : waitNote(app.sourceWaits.list(), jobs);
        const retrying = jobs.filter(isRetrying).length;
        const pages = jobs.reduce((sum, { progress }) => sum + (progress?.done ?? 0), 0);
        const note = `${pages === 0 ? '' : `, ${pages} ${pages === 1 ? 'page' : 'pages'}`}${waiting}${retrying === 0 ? '' : `, ${retrying} failed and tried again`}`;
        bar?.update(jobs.filter((job) => job.acknowledgedAtMs !== null).length, { note });
      },
    });
  } finally {
    bar?.stop();
  }
}

function windowOf(options: PullOptions): { fromMs: number | null; toMs: number | null } {
  const fromMs = options.from === undefined ? null : instantOption(options.from, '--from');
  const toMs = options.to === undefined ? null : instantOption(options.to, '--to');
  if (fromMs !== null && toMs !== null && fromMs >= toMs)
    throw new OutturnError('usage', '--from is not before --to.', { hint: '--to is excluded: give the day after.' });
  if (fromMs !== null && fromMs > Date.now())
    throw new OutturnError('usage', `--from ${options.from} lies in the future.`, {
      hint: 'A pull brings what has happened.',
    });
  return { fromMs, toMs };
}
