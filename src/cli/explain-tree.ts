import type { ExplainNode, ExplainValue, Format } from '#domain';
import type { Io } from './io.ts';

/** The tree as lines: label and value, below it what it was made by; branches drawn. */
export function explainLines(
  io: Pick<Io, 'color'>,
  root: ExplainNode,
  format: Format,
  open: (path: string) => string,
): string[] {
  const { color } = io;
  const lines: string[] = [];
  const draw = (node: ExplainNode, first: string, rest: string): void => {
    const value =
      node.value === null ? (isFigureLike(node) ? color.yellow('n/a') : '') : color.bold(written(node.value, format));
    lines.push(`${first}${node.label}${value === '' ? '' : `  ${value}`}`);
    const inner = `${rest}${node.children.length > 0 || node.more > 0 ? '│ ' : '  '}`;
    if (node.formula !== null) lines.push(`${inner}${color.dim(`= ${node.formula}`)}`);
    if (node.note !== null) lines.push(`${inner}${color.dim(node.note)}`);
    for (const [index, child] of node.children.entries()) {
      const last = index === node.children.length - 1 && node.more === 0;
      draw(child, `${rest}${last ? '└ ' : '├ '}`, `${rest}${last ? '  ' : '│ '}`);
    }
    if (node.more > 0) lines.push(`${rest}└ ${color.dim(`… ${node.more} more: ${open(node.path)}`)}`);
  };
  draw(root, '', '');
  return lines;
}

const isFigureLike = ({ kind }: ExplainNode): boolean =>
  ['figure', 'metric', 'period', 'flow', 'cost-line'].includes(kind);

function written(value: ExplainValue, format: Format): string {
  switch (value.kind) {
    case 'money':
      return format.money(value.amount);
    case 'ratio':
      return format.exact(value.ratio);
    case 'number':
      return `${format.exact(value.number)}${value.unit === null ? '' : ` ${value.unit}`}`;
    case 'date':
      return format.date(value.date);
  }
}
