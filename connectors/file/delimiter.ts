export type Delimiter = ',' | ';' | '\t' | '|';

/** What the line has most of outside quotes: comma, semicolon, tab or bar. */
export function guessDelimiter(line: string): Delimiter {
  const bare = line.replace(/"(?:[^"]|"")*"/g, '');
  const count = (sign: string): number => bare.split(sign).length;
  let best: Delimiter = ',';
  for (const sign of [';', '\t', '|'] as const) if (count(sign) > count(best)) best = sign;
  return best;
}
