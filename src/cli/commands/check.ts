import type { Command } from 'commander';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { unknownName } from '../unknown-name.ts';

/** `outturn check`: every connector and stream tried for real. */
export function check(program: Command, io: Io): void {
  withCommon(
    program
      .command('check')
      .argument('[connector...]', 'ids; all when none is given')
      .description('try each connector and each of its streams for real'),
    ['check', 'check shop-metrics --json'],
  ).action(async (ids: string[], options: CommonOptions) => {
    const environment = environmentOf(io, options);
    const { requireConfigWithSecrets } = await import('#src/main/stored-configuration');
    const config = await requireConfigWithSecrets(environment);
    const known = config.connectors.map((connector) => connector.id);
    for (const id of ids) if (!known.includes(id)) throw unknownName('connector', id, known);
    const { checkConnectors } = await import('#src/main/check');
    const results = await checkConnectors(environment, config, ids, io.signal);
    const findings = results.flatMap((result) => result.findings);
    const failed = findings.filter((finding) => finding.level === 'error').length;
    io.setExitCode(failed === 0 ? 0 : 1);
    if (options.json) return printJson(io, { ok: failed === 0, connectors: results });
    const marks = { ok: io.color.green('✓'), warning: io.color.yellow('!'), error: io.color.red('✗') };
    for (const { connector, kind, findings } of results) {
      io.out(`${io.color.bold(connector)} ${io.color.dim(kind)}`);
      for (const finding of findings) {
        io.out(
          `  ${marks[finding.level]} ${finding.stream === undefined ? '' : `${finding.stream}: `}${io.color.dim(`${finding.aspect} `)}${finding.message}`,
        );
        if (finding.hint !== undefined) io.out(`      → ${finding.hint}`);
      }
    }
    if (results.length === 0)
      io.out('No connector is configured. Add one below `connectors:`; `outturn validate` checks it.');
    else
      io.out(
        failed === 0
          ? io.color.green(`\nall ${findings.length} checks passed`)
          : io.color.red(`\n${failed} of ${findings.length} checks failed`),
      );
  });
}
