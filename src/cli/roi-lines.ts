import type { Format, RoiOutputs } from '#domain';
import type { Io } from './io.ts';

export interface Printed {
  io: Pick<Io, 'out' | 'color' | 'columns'>;
  outputs: RoiOutputs;
  format: Format;
}
/** A name and what it comes to; the note stands dimmed beside it. */
export type Line = [name: string, value: string, note?: string | null];

/** Lines below a title, names padded alike. */
export function group({ io }: Printed, title: string | null, lines: readonly Line[]): string | null {
  if (lines.length === 0) return null;
  const rows = lines.map(([name, value, note]) => {
    const beside = note === undefined || note === null || note === '' ? '' : `  ${io.color.dim(note)}`;
    return `  ${name.padEnd(22)} ${value}${beside}`;
  });
  return [...(title === null ? [] : [io.color.bold(title)]), ...rows].join('\n');
}
