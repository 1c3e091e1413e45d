import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { nearest, OutturnError, PermanentError } from '#kit';
import type { Discovered, OfferedStream } from '#src/main/discover';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { plural } from '../job-words.ts';
import { table } from '../table.ts';
import { limitOption } from '../times.ts';
import { unknownName } from '../unknown-name.ts';

interface Options extends CommonOptions {
  filter?: string;
  write?: string;
  stream?: string[];
  force?: boolean;
  limit: string;
}

/** `outturn discover ID`: what can be pulled from a source, and YAML to start from. */
export function discover(program: Command, io: Io): void {
  withCommon(
    program
      .command('discover')
      .argument('<connector>', 'its id; it need not have streams yet')
      .description('list what a source offers, and write it as streams of its connector')
      .option('--filter <text>', 'only what has this in its id or title')
      .option('--limit <n>', 'how many lines are shown', '100')
      .option('--write <file>', 'write the connector with these streams, commented out, to a new file')
      .option('--stream <id...>', 'streams that are not commented out in that file')
      .option('--force', 'replace the file'),
    [
      'discover shop-metrics --filter checkout',
      'discover shop-metrics --write config/shop.yaml --stream checkout_failures_total',
      '$ outturn discover sap --json | jq -r ".streams[].id"',
    ],
  ).action(async (id: string, options: Options) => {
    if (options.write === undefined && (options.stream !== undefined || options.force))
      throw new OutturnError('usage', '--stream and --force go with --write.', { hint: 'Name the file by --write.' });
    const limit = limitOption(options.limit);
    const environment = environmentOf(io, options);
    const { requireConfigWithSecrets } = await import('#src/main/stored-configuration');
    const config = await requireConfigWithSecrets(environment, { withoutStreams: true });
    const known = config.connectors.map((connector) => connector.id);
    if (!known.includes(id)) throw unknownName('connector', id, known);
    const main = await import('#src/main/discover');
    const found = await asking(io, id, options.json === true, () => main.discover(environment, config, id, io.signal));
    const needle = options.filter?.toLowerCase();
    const streams = found.streams.filter(
      (each) => needle === undefined || `${each.id}\n${each.title}`.toLowerCase().includes(needle),
    );
    const written =
      options.write === undefined
        ? null
        : await main.writeDiscovered(
            environment,
            { ...found, streams },
            {
              file: options.write,
              chosen: chosenOf(id, options.stream ?? [], found.streams, streams),
              force: options.force === true,
              atMs: Date.now(),
            },
          );
    if (options.json)
      return printJson(io, {
        ...found,
        streams,
        ...(written === null ? {} : { written: written.file, alsoDefinedIn: written.alsoIn }),
      });
    if (written === null) return list(io, found, streams, limit, options.filter);
    const active = options.stream?.length ?? 0;
    io.out(
      `${io.color.green('✓')} wrote ${written.file}: ${plural(streams.length, 'stream')}, ${active === 0 ? 'all' : streams.length - active} commented out`,
    );
    if (written.alsoIn !== null)
      io.out(`→ Take the connector ${id} out of ${written.alsoIn}: it stands there too, and an id stands once.`);
    io.out('→ `outturn validate` checks it, `outturn pull --dry-run` shows what would come.');
  });
}

/** Both the source's names and the ids of streams are understood. */
function chosenOf(
  connector: string,
  wanted: readonly string[],
  all: readonly OfferedStream[],
  shown: OfferedStream[],
): ReadonlySet<string> {
  const chosen = new Set<string>();
  for (const name of wanted) {
    const stream = all.find((each) => each.id === name || each.streamId === name);
    if (stream === undefined) throw notOffered(connector, name, all);
    chosen.add(stream.streamId);
    if (!shown.includes(stream)) shown.push(stream);
  }
  return chosen;
}

const MOST_NEAR = 5;

/** With those that were probably meant: a source may offer thousands, which nobody reads in an error. */
function notOffered(connector: string, name: string, all: readonly OfferedStream[]): PermanentError {
  const part = name.toLowerCase();
  const closest = nearest(
    name,
    all.flatMap(({ id, streamId }) => [id, streamId]),
  );
  const near = [
    ...all.filter(({ id, streamId }) => id === closest || streamId === closest),
    ...all.filter(({ id, title }) => `${id}\n${title}`.toLowerCase().includes(part)),
  ].map(({ id }) => id);
  const meant = [...new Set(near)].slice(0, MOST_NEAR);
  return new PermanentError('config/unknown-reference', `The source of ${connector} offers no stream "${name}".`, {
    hint: `${meant.length === 0 ? '' : `Did you mean ${meant.join(' or ')}? `}\`outturn discover ${connector}\` lists ${all.length === 1 ? 'the one' : `the ${all.length}`} that it offers, --filter finds one.`,
  });
}

function list(io: Io, found: Discovered, streams: readonly OfferedStream[], limit: number, filter?: string): void {
  if (found.streams.length === 0)
    return io.out(`The source of ${found.connector} answers, but offers nothing that this login may see.`);
  if (streams.length === 0)
    return io.out(`None of ${`${found.streams.length}`} has "${filter ?? ''}" in its id or title.`);
  io.out(
    table(
      io,
      [{ head: 'id', wraps: true }, { head: 'unit' }, { head: 'what it is', wraps: true }],
      streams.slice(0, limit).map(({ id, unit, title }) => [id, unit, title.replace(/\s+/g, ' ').slice(0, 300)]),
    ),
  );
  const more = streams.length - limit;
  const notes = [
    `${streams.length}${filter === undefined ? '' : ` of ${found.streams.length}`} on offer`,
    ...(more > 0 ? [`${more} more are not shown: --limit or --filter`] : []),
    ...(found.isCut ? ['the source has more than the 5,000 that are listed'] : []),
  ];
  io.out(`\n${io.color.dim(notes.join('; '))}`);
  io.out(`→ \`outturn discover ${found.connector} --write <file> --stream <id>\` writes them as YAML.`);
}

async function asking<T>(io: Io, id: string, json: boolean, work: () => Promise<T>): Promise<T> {
  if (!io.interactive || json) return await work();
  const bar = new SingleBar({
    format: `asking ${id} what it has … {duration_formatted}`,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(1, 0);
  try {
    return await work();
  } finally {
    bar.stop();
  }
}
