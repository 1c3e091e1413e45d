import type { Command } from 'commander';
import type { ConnectorHealth } from '#src/main/connectors';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { connectorDetails, connectorTable } from '../connector-words.ts';
import { type Io, printJson } from '../io.ts';
import { plural } from '../job-words.ts';
import { unknownName } from '../unknown-name.ts';

interface Options extends CommonOptions {
  exitCode?: boolean;
}

/** `outturn connectors [ID]`: how each source does: what it brought last, how late it is, what is wrong. */
export function connectors(program: Command, io: Io): void {
  withCommon(
    program
      .command('connectors')
      .argument('[connector]', 'one connector, stream by stream')
      .description('how each connector does: last success, lag, completeness, credentials, budget, next pull')
      .option('--exit-code', 'end with status 1 where somebody should look'),
    ['connectors', 'connectors shop-metrics', '$ outturn connectors --exit-code > /dev/null || echo "look"'],
  ).action((id: string | undefined, options: Options) =>
    withApp(
      io,
      environmentOf(io, options, { logLevel: 'error' }),
      async (app) => {
        const { connectorView, readConnectors } = await import('#src/main/connectors');
        const all = await readConnectors(app);
        const found = all.filter((each) => id === undefined || each.id === id);
        const wrong = found.filter(({ needsAPerson }) => needsAPerson);
        if (options.exitCode && wrong.length > 0) io.setExitCode(1);
        if (options.json) return printJson(io, { connectors: found.map(connectorView) });
        const nowMs = app.ports.clock.nowMs();
        if (id !== undefined) for (const each of found) io.out(connectorDetails(io, each, nowMs));
        else io.out(overview(io, found, wrong, nowMs));
      },
      {
        reads: true,
        check: (config) => {
          const known = config.connectors.map((each) => each.id);
          if (id !== undefined && !known.includes(id)) throw unknownName('connector', id, known);
        },
      },
    ),
  );
}

function overview(io: Io, found: readonly ConnectorHealth[], wrong: readonly ConnectorHealth[], nowMs: number): string {
  if (found.length === 0)
    return 'No connector is configured. Add one below `connectors:`; `outturn discover <id>` then lists what its source offers.';
  const streams = found.reduce((sum, each) => sum + each.streams.length, 0);
  const all = `${plural(found.length, 'connector')}, ${plural(streams, 'stream')}`;
  const end =
    wrong.length === 0
      ? io.color.green(`${all}: nothing wants anybody`)
      : `${all}; ${io.color.red(`look at ${wrong.map(({ id }) => id).join(', ')}`)}\n→ \`outturn connectors ${wrong[0]?.id ?? ''}\` says more, \`outturn check ${wrong[0]?.id ?? ''}\` tries it.`;
  return `${connectorTable(io, found, nowMs)}\n\n${end}`;
}
