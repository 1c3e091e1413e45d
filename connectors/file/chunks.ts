/** A bounded piece of a table: whole lines of CSV, without the header. */
export interface Chunk {
  text: string;
  /** Line of the file that the piece begins with, from 1. */
  firstLine: number;
}

/** Where the line that starts at `from` ends (past its line break); a break inside quotes does not end it. */
function endOfRecord(text: string, from: number): { end: number; lines: number } {
  let quoted = false;
  let lines = 0;
  for (let index = from; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (character === 0x22) quoted = !quoted;
    else if (character === 0x0a || (character === 0x0d && text.charCodeAt(index + 1) !== 0x0a)) {
      lines++;
      if (!quoted) return { end: index + 1, lines };
    }
  }
  return { end: text.length, lines: lines + 1 };
}

/** The first line (the header) and what follows it. */
export function splitHeader(text: string): { header: string; bodyStart: number; lines: number } {
  const { end, lines } = endOfRecord(text, 0);
  return { header: text.slice(0, end), bodyStart: end, lines };
}

/** Cuts at line ends only, never inside a quoted cell, so that each piece can be parsed alone. */
export function* splitRecords(
  text: string,
  start: { offset: number; line: number },
  maxCharacters: number,
): Generator<Chunk> {
  let { offset, line } = start;
  let chunkStart = offset;
  let chunkLine = line;
  while (offset < text.length) {
    const { end, lines } = endOfRecord(text, offset);
    if (end - chunkStart > maxCharacters && offset > chunkStart) {
      yield { text: text.slice(chunkStart, offset), firstLine: chunkLine };
      chunkStart = offset;
      chunkLine = line;
    }
    offset = end;
    line += lines;
  }
  if (chunkStart < text.length) yield { text: text.slice(chunkStart), firstLine: chunkLine };
}

/** What the line has most of outside quotes: comma, semicolon, tab or bar. */
export function guessDelimiter(line: string): ',' | ';' | '\t' | '|' {
  const bare = line.replace(/"(?:[^"]|"")*"/g, '');
  const count = (sign: string): number => bare.split(sign).length;
  let best: ',' | ';' | '\t' | '|' = ',';
  for (const sign of [';', '\t', '|'] as const) if (count(sign) > count(best)) best = sign;
  return best;
}
