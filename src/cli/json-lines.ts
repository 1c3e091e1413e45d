import type { LocatedText } from '#kit';

/**
 * Lines of the values in a JSON text, by path such as `cases[3].flows[2]`, and keys that an object has twice (of which a
 * parser keeps the last). The text must be valid JSON.
 */
export function locateJson(text: string): LocatedText {
  const lines = new Map<string, number>();
  const duplicates: LocatedText['duplicates'] = [];
  let at = 0;
  let line = 1;

  const skipSpace = (): void => {
    for (; at < text.length && /[\s,:]/.test(text[at] ?? ''); at++) if (text[at] === '\n') line++;
  };
  const readString = (): string => {
    const from = at;
    for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
    at++;
    return JSON.parse(text.slice(from, at)) as string;
  };
  const readValue = (path: string): void => {
    skipSpace();
    lines.set(path, line);
    if (text[at] === '{') readObject(path);
    else if (text[at] === '[') readArray(path);
    else if (text[at] === '"') readString();
    else while (at < text.length && /[^\s,\]}]/.test(text[at] ?? '')) at++;
  };
  const readObject = (path: string): void => {
    const keys = new Set<string>();
    for (at++, skipSpace(); text[at] === '"'; skipSpace()) {
      const keyLine = line;
      const key = readString();
      const member = path === '' ? key : `${path}.${key}`;
      if (keys.has(key)) duplicates.push({ path: member, key, line: keyLine });
      keys.add(key);
      readValue(member);
    }
    at++;
  };
  const readArray = (path: string): void => {
    at++;
    skipSpace();
    for (let index = 0; text[at] !== ']'; index++) {
      readValue(`${path}[${index}]`);
      skipSpace();
    }
    at++;
  };
  try {
    readValue('');
  } catch (error) {
    // Nested deeper than the stack reaches: the lines found so far have to do.
    if (!(error instanceof RangeError)) throw error;
  }
  return { lineOf: (path) => lineOfNearest(lines, path), duplicates };
}

/** A key that is missing is looked for where its object stands. */
function lineOfNearest(lines: ReadonlyMap<string, number>, path: string): number | null {
  for (let known = path; ; known = known.slice(0, Math.max(0, known.lastIndexOf('.'), known.lastIndexOf('[')))) {
    const found = lines.get(known);
    if (found !== undefined || known === '') return found ?? null;
  }
}
