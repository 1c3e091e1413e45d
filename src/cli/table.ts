import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import type { Io } from './io.ts';

export interface Column {
  head: string;
  /** Figures stand on the right and are never broken. */
  align?: 'right';
  /** Its cells may be broken into lines when the terminal is narrow. */
  wraps?: boolean;
  /** Left out when the terminal is too narrow; the lowest goes first. */
  optional?: number;
}
export interface Row {
  cells: readonly (string | null)[];
  /** Stands below the row, over its whole width. */
  note?: string | undefined;
}

const GAP = 2;
const LEAST_WRAPPED = 16;

/** A table without lines, as wide as the terminal at most; what another program reads is never broken or left out. */
export function table(
  io: Pick<Io, 'color' | 'columns'>,
  columns: readonly Column[],
  rows: readonly (Row | readonly (string | null)[])[],
): string {
  const all = rows.map((row): Row => ('cells' in row ? row : { cells: row }));
  const { shown, widths, beside } = fit(columns, all, io.columns ?? Number.POSITIVE_INFINITY);
  // An empty column takes what notes need beside the others, whose cells stay where they are.
  const filler = beside > 0 ? [''] : [];
  const view = new Table({
    head: [...shown.map((index) => io.color.bold(columns[index]?.head ?? '')), ...filler],
    colAligns: [...shown.map((index) => columns[index]?.align ?? 'left'), ...filler.map(() => 'left' as const)],
    colWidths: beside > 0 ? [...widths, beside] : widths,
    wordWrap: true,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': GAP },
    chars: noLines,
  });
  const lineWidth = widths.reduce((sum, each) => sum + each, beside - GAP);
  for (const { cells, note } of all) {
    view.push([...shown.map((index) => cells[index] ?? '–'), ...filler]);
    if (note !== undefined) view.push([{ colSpan: shown.length + filler.length, content: indented(note, lineWidth) }]);
  }
  return view.toString().split('\n').map(withoutTrailingSpace).join('\n');
}

/** Leaves optional columns out, then narrows those that wrap, until the table fits; what then is too wide stays so. */
function fit(
  columns: readonly Column[],
  rows: readonly Row[],
  available: number,
): { shown: number[]; widths: number[]; beside: number } {
  const natural = columns.map(({ head, wraps, align }, index) => {
    const cells = Math.max(0, ...rows.map((row) => width(row.cells[index] ?? '–')));
    return { full: Math.max(cells, width(head)), least: least(head, cells, wraps === true && align !== 'right') };
  });
  let shown = columns.map((_, index) => index);
  const sum = (which: 'full' | 'least'): number =>
    shown.reduce((total, index) => total + (natural[index]?.[which] ?? 0) + GAP, -GAP);
  const byPriority = shown
    .filter((index) => columns[index]?.optional !== undefined)
    .sort((a, b) => (columns[a]?.optional ?? 0) - (columns[b]?.optional ?? 0));
  for (const index of byPriority) if (sum('least') > available) shown = shown.filter((each) => each !== index);
  const widths = shown.map((index) => natural[index]?.full ?? 0);
  let excess = sum('full') - available;
  // The widest gives first: the others stay whole as long as they can.
  while (excess > 0) {
    let widest = -1;
    for (const [place, index] of shown.entries())
      if ((widths[place] ?? 0) > (natural[index]?.least ?? 0) && (widths[place] ?? 0) > (widths[widest] ?? 0))
        widest = place;
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  // Notes get the whole line.
  const longestNote = Math.max(0, ...rows.map((row) => (row.note === undefined ? 0 : width(row.note) + INDENT.length)));
  const free = Math.min(available, longestNote) - widths.reduce((sum, each) => sum + each + GAP, -GAP);
  return {
    shown,
    widths: widths.map((each) => each + GAP),
    beside: free > 0 && widths.length > 0 ? Math.max(free, GAP + 1) : 0,
  };
}

const INDENT = '  ';

/** The note in lines of that width at most; a longer word, such as an address, stays whole. */
function indented(note: string, lineWidth: number): string {
  return note
    .split('\n')
    .map((paragraph) => indentedParagraph(paragraph, lineWidth))
    .join('\n');
}

function indentedParagraph(note: string, lineWidth: number): string {
  const lines: string[] = [];
  for (const word of note.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || width(line) + 1 + width(word) > lineWidth) lines.push(`${INDENT}${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join('\n');
}

function least(head: string, cells: number, wraps: boolean): number {
  const longestWord = Math.max(...head.split(' ').map(width));
  return Math.max(longestWord, wraps ? Math.min(cells, LEAST_WRAPPED) : cells);
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;

/** Columns that a text takes on a terminal; of several lines, the longest. */
function width(text: string): number {
  const lines = stripVTControlCharacters(text).split('\n');
  return Math.max(...lines.map((line) => [...line].reduce((sum, each) => sum + (WIDE.test(each) ? 2 : 1), 0)));
}

// Colours may end after the padding.
const TRAILING = new RegExp(`[ ]+((?:${String.fromCharCode(27)}\\[[0-9;]*m)*)$`);
const withoutTrailingSpace = (line: string): string => line.replace(TRAILING, '$1');

const noLines = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};
