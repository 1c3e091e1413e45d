import type { Command } from 'commander';
import { type ConfigProblem, formatProblem, readConfig } from '#src/main/configuration';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';

/** `outturn validate`: every problem of the configuration at once, without touching anything. */
export function validate(program: Command, io: Io): void {
  withCommon(program.command('validate').description('check the configuration; no network, every problem at once'), [
    'validate',
    'validate --config /etc/outturn --json',
  ]).action(async (options: CommonOptions) => {
    const environment = environmentOf(io, options);
    const { config, problems } = await readConfig(environment);
    const errors = problems.filter((problem) => problem.severity === 'error');
    const warnings = problems.length - errors.length;
    const counts = config && {
      connectors: config.connectors.length,
      streams: config.connectors.reduce((sum, connector) => sum + connector.streams.length, 0),
      projects: config.projects.length,
      subscriptions: config.subscriptions.length,
      schedules: config.schedules.length,
    };
    io.setExitCode(errors.length === 0 ? 0 : 1);
    if (options.json) return printJson(io, { ok: errors.length === 0, problems, counts });
    for (const problem of problems) io.out(problemText(io, problem));
    if (errors.length > 0)
      io.out(
        `\n${io.color.red(`${errors.length} error${errors.length === 1 ? '' : 's'}`)}${warnings > 0 ? `, ${warnings} warning${warnings === 1 ? '' : 's'}` : ''}`,
      );
    else if (counts)
      io.out(
        `${io.color.green('valid')}: ${Object.entries(counts)
          .map(([what, n]) => `${n} ${n === 1 ? what.slice(0, -1) : what}`)
          .join(', ')}${warnings > 0 ? `; ${warnings} warning${warnings === 1 ? '' : 's'}` : ''}`,
      );
  });
}

/** One line for whoever searches it; on a terminal that it does not fit, the message stands below, broken between words. */
function problemText({ color, columns }: Pick<Io, 'color' | 'columns'>, problem: ConfigProblem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const mark = problem.severity === 'error' ? color.red('error') : color.yellow('warning');
  const path = problem.path === '' ? '' : ` ${problem.path}`;
  const message = formatProblem({ ...problem, file: '', line: 0, path: '', severity: 'error' }).replace(/^: /, '');
  const length = place.length + 1 + problem.severity.length + path.length + 2 + message.length;
  const start = `${color.bold(place)} ${mark}${path}`;
  if (columns === null || length <= columns) return `${start}${path === '' ? '' : ':'} ${message}`;
  return [start, ...broken(message, columns - INDENT.length).map((line) => `${INDENT}${line}`)].join('\n');
}

const INDENT = '    ';

function broken(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
