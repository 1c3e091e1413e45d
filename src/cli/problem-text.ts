import { type ConfigProblem, formatProblem } from '#src/main/configuration';
import type { Io } from './io.ts';

const INDENT = '    ';

/** One line for whoever searches it; on a terminal that it does not fit, the message stands below, broken between words. */
export function problemText({ color, columns }: Pick<Io, 'color' | 'columns'>, problem: ConfigProblem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const mark = problem.severity === 'error' ? color.red('error') : color.yellow('warning');
  const path = problem.path === '' ? '' : ` ${problem.path}`;
  const message = formatProblem({ ...problem, file: '', line: 0, path: '', severity: 'error' }).replace(/^: /, '');
  const length = place.length + 1 + problem.severity.length + path.length + 2 + message.length;
  const start = `${color.bold(place)} ${mark}${path}`;
  if (columns === null || length <= columns) return `${start}${path === '' ? '' : ':'} ${message}`;
  return [start, ...broken(message, columns - INDENT.length).map((line) => `${INDENT}${line}`)].join('\n');
}

function broken(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
