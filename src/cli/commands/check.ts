import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { formatDurationMs, OutturnError, parseDurationMs } from '#kit';
import type { ConnectorFindings } from '#src/main/check';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { plural } from '../job-words.ts';
import { unknownName } from '../unknown-name.ts';

/** `outturn check`: every connector and stream tried for real. */
export function check(program: Command, io: Io): void {
  withCommon(
    program
      .command('check')
      .argument('[connector...]', 'ids; all when none is given')
      .description('try each connector and each of its streams for real')
      .option('--timeout <duration>', 'give a connector up after this long', '5m'),
    ['check', 'check shop-metrics --json', 'check --timeout 30s'],
  ).action(async (ids: string[], options: CommonOptions & { timeout: string }) => {
    const timeoutMs = parseDurationMs(options.timeout);
    if (timeoutMs === null || timeoutMs <= 0)
      throw new OutturnError('usage', `--timeout takes a duration such as 30s or 5m, not "${options.timeout}".`);
    const environment = environmentOf(io, options);
    const { requireConfigWithSecrets } = await import('#src/main/stored-configuration');
    const config = await requireConfigWithSecrets(environment);
    const known = config.connectors.map((connector) => connector.id);
    for (const id of ids) if (!known.includes(id)) throw unknownName('connector', id, known);
    const { checkConnectors } = await import('#src/main/check');
    const wanted = known.filter((id) => ids.length === 0 || ids.includes(id));
    const json = options.json === true;
    const show = inOrder(wanted, (result) => {
      if (!json) io.out(resultLines(io, result).join('\n'));
    });
    const bar = io.interactive && !json ? progressBar() : null;
    bar?.start(wanted.length, 0, { note: '' });
    let results: ConnectorFindings[];
    try {
      results = await checkConnectors(environment, config, ids, io.signal, {
        timeoutMs,
        onProgress: ({ connector, stream }) =>
          bar?.update({ note: stream === null ? connector : `${connector}.${stream}` }),
        onDone: (result) => {
          bar?.increment();
          // On a terminal the bar would stand between the lines.
          if (bar === null) show(result);
        },
      });
    } finally {
      bar?.stop();
    }
    if (bar !== null) for (const result of results) show(result);
    const findings = results.flatMap((result) => result.findings);
    const failed = findings.filter((finding) => finding.level === 'error').length;
    const warnings = findings.filter((finding) => finding.level === 'warning').length;
    io.setExitCode(failed === 0 && !io.signal.aborted ? 0 : 1);
    if (json) return printJson(io, { ok: failed === 0, connectors: results.map(view) });
    if (results.length === 0)
      return io.out('No connector is configured. Add one below `connectors:`; `outturn validate` checks it.');
    const doubts = warnings === 0 ? '' : io.color.yellow(`, ${plural(warnings, 'warning')}`);
    io.out(
      failed === 0
        ? `\n${io.color.green(`all ${findings.length} checks passed`)}${doubts}`
        : `\n${io.color.red(`${failed} of ${findings.length} checks failed`)}${doubts}`,
    );
  });
}

const view = ({ findings, ...result }: ConnectorFindings): object => ({
  ...result,
  findings: findings.map(({ expiresAtMs, ...finding }) => ({
    ...finding,
    ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() }),
  })),
});

const progressBar = (): SingleBar =>
  new SingleBar({
    format: 'checking {bar} {value}/{total} connectors  {note}',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });

/** They end in any order and are shown in that of the configuration, each as soon as those before it are done. */
function inOrder(ids: readonly string[], show: (result: ConnectorFindings) => void) {
  const done = new Map<string, ConnectorFindings>();
  let next = 0;
  return (result: ConnectorFindings): void => {
    done.set(result.connector, result);
    for (let found = done.get(ids[next] ?? ''); found !== undefined; found = done.get(ids[next] ?? '')) {
      show(found);
      next += 1;
    }
  };
}

/** What was tried, in words, for what a failed try is called by its code. */
const TRIED: Readonly<Record<string, string>> = {
  'source/unreachable': 'connectivity',
  'source/timeout': 'connectivity',
  'source/tls': 'tls',
  'source/unauthorised': 'credentials',
  'source/forbidden': 'permission',
  'source/not-found': 'address',
  'source/blocked-address': 'address',
  'source/rate-limited': 'limits',
  'source/unit-mismatch': 'unit',
};

function resultLines(
  { color }: Pick<Io, 'color'>,
  { connector, kind, durationMs, findings }: ConnectorFindings,
): string[] {
  const marks = { ok: color.green('✓'), warning: color.yellow('!'), error: color.red('✗') };
  const lines = [`${color.bold(connector)} ${color.dim(`${kind}, ${formatDurationMs(Math.round(durationMs))}`)}`];
  for (const { level, stream, aspect, message, hint } of findings) {
    const tried = TRIED[aspect];
    const what = tried === undefined ? aspect : `${tried} (${aspect})`;
    lines.push(`  ${marks[level]} ${stream === undefined ? '' : `${stream}: `}${color.dim(`${what} `)}${message}`);
    if (hint !== undefined) lines.push(`      → ${hint}`);
  }
  return lines;
}
