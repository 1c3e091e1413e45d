import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { type ConnectorConfig, type OutboxRow, OutturnError, PermanentError } from '#kit';
import { type App, openApp } from '#src/main/app';
import { jobView } from '#src/main/job-view';
import { enqueueAll, runHere, type WorkRequest } from '#src/main/work';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { dryRunTables } from '../dry-run.ts';
import { finishJobs } from '../finish-jobs.ts';
import { type Io, printJson } from '../io.ts';

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
        'start of the window (ISO date or date-time); the watermark less the lookback when absent',
      )
      .option('--to <instant>', 'end of the window, excluded; now when absent')
      .option('--dry-run', 'show requests and parsed rows; write nothing')
      .option('--enqueue', 'only put the jobs in the queue, for a running worker'),
    ['pull shop-metrics', 'pull sap.project-costs --from 2026-09-01 --to 2026-10-01', 'pull shop-metrics --dry-run'],
  ).action(async (targets: string[], options: PullOptions) => {
    if (targets.length === 0 && !options.all)
      throw new OutturnError('usage', 'Name a connector or connector.stream, or give --all.', {
        hint: '`outturn check` lists the connectors.',
      });
    const window = { from: instant(options.from, '--from'), to: instant(options.to, '--to') };
    if (window.from !== null && window.to !== null && window.from >= window.to)
      throw new OutturnError('usage', '--from is not before --to.');
    const app = await openApp(environmentOf(io, options));
    try {
      const streams = select(app.config.connectors, targets, options.all === true);
      if (options.dryRun) return await dryRun(app, io, streams, window, options.json === true);
      const requests: WorkRequest[] = streams.map((stream) => ({
        kind: 'pull',
        args: {
          ...stream,
          ...(window.from === null ? {} : { from: window.from }),
          ...(window.to === null ? {} : { to: window.to }),
        },
      }));
      const rows = options.enqueue
        ? await enqueueAll(app, requests, 'cli')
        : await withProgress(app, io, requests, options.json === true);
      finishJobs(io, rows.map(jobView), {
        json: options.json === true,
        enqueued: options.enqueue === true,
        describe: (job) =>
          Object.values(job.args as Record<string, string>)
            .slice(0, 2)
            .join('.'),
      });
    } finally {
      await app.close();
    }
  });
}

async function withProgress(app: App, io: Io, requests: WorkRequest[], json: boolean): Promise<OutboxRow[]> {
  const bar =
    io.interactive && !json
      ? new SingleBar({
          format: 'pulling {bar} {value}/{total} streams',
          hideCursor: true,
          clearOnComplete: true,
          stream: process.stderr,
        })
      : null;
  bar?.start(requests.length, 0);
  try {
    return await runHere(app, requests, {
      cause: 'cli',
      timeoutMs: TIMEOUT_MS,
      signal: io.signal,
      onProgress: (jobs) => bar?.update(jobs.filter((job) => job.acknowledgedAtMs !== null).length),
    });
  } finally {
    bar?.stop();
  }
}

async function dryRun(
  app: App,
  io: Io,
  streams: { connector: string; stream: string }[],
  window: { from: string | null; to: string | null },
  json: boolean,
): Promise<void> {
  const results = [];
  for (const stream of streams) {
    const result = await app.ports.pulls.dryRun(
      {
        ...stream,
        fromMs: window.from === null ? null : Date.parse(window.from),
        toMs: window.to === null ? null : Date.parse(window.to),
      },
      { signal: io.signal },
    );
    results.push({ ...stream, ...result });
  }
  if (json) return printJson(io, results);
  for (const result of results) io.out(dryRunTables(io, result));
}

function select(
  connectors: readonly ConnectorConfig[],
  targets: string[],
  all: boolean,
): { connector: string; stream: string }[] {
  const every = connectors.flatMap((connector) =>
    connector.streams.map((stream) => ({ connector: connector.id, stream: stream.id })),
  );
  if (all) return every;
  const chosen = targets.map((target) => {
    const matches = every.filter(
      ({ connector, stream }) => target === connector || target === `${connector}.${stream}`,
    );
    if (matches.length > 0) return matches;
    throw new PermanentError('config/unknown-reference', `There is no connector or stream "${target}".`, {
      hint: `Known: ${every.map(({ connector, stream }) => `${connector}.${stream}`).join(', ') || 'none'}.`,
    });
  });
  return [...new Map(chosen.flat().map((each) => [`${each.connector}.${each.stream}`, each])).values()];
}

function instant(text: string | undefined, option: string): string | null {
  if (text === undefined) return null;
  const atMs = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(atMs))
    throw new OutturnError(
      'usage',
      `${option} takes an ISO date or date-time such as 2026-09-01 or 2026-09-01T06:00:00Z, not "${text}".`,
    );
  return new Date(atMs).toISOString();
}
