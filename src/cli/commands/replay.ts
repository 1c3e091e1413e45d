import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { OutturnError, type ReplayResult } from '#kit';
import type { App } from '#src/main/app';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { plural } from '../job-words.ts';
import { wholeNumberOption } from '../point-in-time.ts';
import { selectStreams } from '../select-streams.ts';
import { table } from '../table.ts';
import { instantOption, windowInstant } from '../window-options.ts';

interface ReplayOptions extends CommonOptions {
  from?: string;
  to?: string;
  earlier?: boolean;
  apply?: boolean;
  withdraw?: boolean;
  limit: string;
}
interface Target {
  connector: string;
  stream: string;
  pullId: string | null;
  fromMs: number | null;
  toMs: number | null;
}

/** `outturn replay`: archived pages through today's parser, without asking the source. */
export function replay(program: Command, io: Io): void {
  withCommon(
    program
      .command('replay')
      .argument('<target>', 'connector, connector.stream, or the id of a pull')
      .description(
        'read archived pages again with today’s parser and options, and show what would change; asks no source',
      )
      .option('--from <instant>', 'of the data: a date (midnight UTC) or date-time; from the first when absent')
      .option('--to <instant>', 'end of it, excluded; to the last when absent')
      .option(
        '--earlier',
        'also pages that earlier definitions of the stream asked for; right only where what changed is how answers are read',
      )
      .option('--apply', 'store what differs, as revisions; the watermark stays')
      .option('--withdraw', 'with --apply: samples that the parser gives no more become missing')
      .option('--limit <n>', 'at most so many changes shown; all are counted', '20'),
    [
      'replay shop-metrics',
      'replay sap.project-costs --from 2026-09-01 --to 2026-10-01',
      'replay sap.project-costs --from 2026-09-01 --to 2026-10-01 --apply',
      'replay sap.project-costs --earlier --apply',
      'replay 5f0c6f5e-6f0c-4d8e-9d0b-0c6a8f2b7f11 --json',
    ],
  ).action(async (name: string, options: ReplayOptions) => {
    const limit = wholeNumberOption('--limit', options.limit, { least: 1, most: 10_000 });
    const fromMs = options.from === undefined ? null : instantOption(options.from, '--from');
    const toMs = options.to === undefined ? null : instantOption(options.to, '--to');
    if (fromMs !== null && toMs !== null && fromMs >= toMs)
      throw new OutturnError('usage', '--from is not before --to.', { hint: '--to is excluded: give the day after.' });
    if (options.withdraw && !options.apply)
      throw new OutturnError('usage', '--withdraw goes with --apply.', {
        hint: 'Without --apply nothing is stored; what vanished is shown anyway.',
      });
    const work = async (app: App): Promise<void> => {
      const results: ReplayResult[] = [];
      for (const target of await targetsOf(app, name, { fromMs, toMs })) {
        const result = await withProgress(io, options.json === true, (progress) =>
          app.replays.replay(
            {
              ...target,
              earlier: options.earlier === true,
              apply: options.apply === true,
              withdraw: options.withdraw === true,
              limit,
            },
            { signal: io.signal, progress },
          ),
        );
        results.push(result);
        if (!options.json) print(io, result, options.earlier === true);
      }
      if (options.json) printJson(io, results);
      if (results.some(({ problemCount }) => problemCount > 0)) io.setExitCode(1);
    };
    await withApp(io, environmentOf(io, options, { logLevel: 'error' }), work, { applies: false });
  });
}

async function targetsOf(
  { config, store }: App,
  name: string,
  window: { fromMs: number | null; toMs: number | null },
): Promise<Target[]> {
  const pull = await store.pulls.get(name);
  if (pull === null)
    return selectStreams(config.connectors, [name]).map((stream) => ({ ...stream, pullId: null, ...window }));
  const { connector, stream, fromMs, toMs } = pull;
  // Later pulls of the same window are read as well: what they have seen newer is not taken back.
  return [{ connector, stream, pullId: pull.id, fromMs: window.fromMs ?? fromMs, toMs: window.toMs ?? toMs }];
}

async function withProgress<T>(
  io: Io,
  json: boolean,
  work: (progress: (pages: number) => void) => Promise<T>,
): Promise<T> {
  if (!io.interactive || json) return await work(() => {});
  const bar = new SingleBar({
    format: 'reading {value} archived pages',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(1, 0);
  try {
    return await work((pages) => bar.update(pages));
  } finally {
    bar.stop();
  }
}

function print(io: Io, result: ReplayResult, earlier: boolean): void {
  const { connector, stream, fromMs, toMs, counts, changes, problems, applied } = result;
  const from = fromMs === null ? 'the first' : windowInstant(fromMs);
  const to = toMs === null ? 'the last' : windowInstant(toMs);
  io.out(`${io.color.bold(`${connector}.${stream}`)} ${io.color.dim(`${from} – ${to}`)}`);
  const [newest, ...older] = result.definitions;
  if (newest !== undefined && (older.length > 0 || !newest.isToday))
    io.out(
      `The stream was defined otherwise when some of these pages were asked for: ${result.definitions
        .map(
          ({ version, isToday, pulls }) =>
            `${version?.slice(0, 8) ?? 'not noted'}${isToday ? ' (today’s)' : ''}, ${plural(pulls, 'pull')}`,
        )
        .join('; ')}`,
    );
  if (result.notInForce !== null)
    io.out(
      `${io.color.yellow('not in force')} the stream is defined otherwise than what was applied on ${windowInstant(result.notInForce.sinceMs)}: this is what its definition here would make of the archived pages, against what is stored now`,
    );
  if (result.earlier !== null) io.out(earlierWords(result.earlier, earlier));
  if (result.pages === 0) io.out('No archived page of this stream lies in that time.\n');
  else {
    if (changes.length > 0) io.out(changeTable(io, result));
    const shown = counts.revisions + counts.inserts + counts.vanished - changes.length;
    if (shown > 0) io.out(io.color.dim(`and ${shown} more; --limit shows them`));
    for (const { pullId, seq, code, message } of problems)
      io.out(
        `${io.color.yellow('not read')} ${seq === null ? '' : `page ${seq} of `}pull ${pullId}: ${message} ${io.color.dim(code)}`,
      );
    if (result.problemCount > problems.length)
      io.out(io.color.dim(`and ${result.problemCount - problems.length} more`));
    if (result.removed !== null) {
      const [first, last] = [result.removed.firstAtMs, result.removed.lastAtMs].map((ms) =>
        windowInstant(ms).slice(0, 10),
      );
      io.out(
        `${plural(result.removed.pages, 'page')} not read: removed by retention ${first === last ? `on ${first}` : `between ${first} and ${last}`}; what rests on them stays`,
      );
    }
    const read = `${plural(result.pulls, 'pull')}, ${plural(result.pages, 'page')}, ${plural(result.rows, 'row')}`;
    const nothing = counts.revisions + counts.inserts + counts.vanished === 0;
    io.out(
      nothing
        ? `The parser gives what is stored: ${read}.`
        : `${plural(counts.revisions, 'revision')}, ${plural(counts.inserts, 'insert')}, ${counts.vanished} vanished, ${counts.unchanged} unchanged; of ${read}`,
    );
    const next =
      result.notInForce === null
        ? '--apply stores it'
        : `after \`outturn apply\`, \`outturn replay ${connector}.${stream} --earlier --apply\` stores it`;
    if (applied === null) io.out(io.color.dim(nothing ? '' : `nothing was written; ${next}`));
    else
      io.out(
        `${io.color.green('stored')} ${plural(applied.revisions, 'revision')}, ${plural(applied.inserted, 'insert')}, ${applied.withdrawn} withdrawn; to recompute: ${applied.projects.join(', ') || 'no project'}`,
      );
  }
}

function earlierWords({ pulls, sinceMs }: NonNullable<ReplayResult['earlier']>, areRead: boolean): string {
  const some = `${plural(pulls, 'pull')} from before ${windowInstant(sinceMs)}`;
  const be = pulls === 1 ? 'is' : 'are';
  return areRead
    ? `${some} ${be} read as the stream is defined now; that is right only where what changed since is how answers are read, not what is asked`
    : `${some} ${be} not read: the stream was defined otherwise then, and what came of it counts no more. Where only changed how answers are read (a column, a unit, a decimal sign, a time zone), --earlier reads them`;
}

function changeTable(io: Io, { changes }: ReplayResult): string {
  return table(
    io,
    [
      { head: 'change' },
      { head: 'of', optional: 2 },
      { head: 'at' },
      { head: 'series or line', wraps: true },
      { head: 'was', align: 'right' },
      { head: 'is', align: 'right' },
      { head: 'unit' },
      { head: 'pull', optional: 3 },
      { head: 'page', optional: 1 },
    ],
    changes.map(({ what, of, atMs, name, oldValue, newValue, unit, pullId, pageHash }) => [
      what,
      of,
      windowInstant(atMs),
      name,
      oldValue,
      newValue,
      unit,
      pullId.slice(0, 8),
      pageHash.slice(0, 12),
    ]),
  );
}
