/** What of a page is there many times, and which of its values must differ for the copies to be other rows. */
export interface Growth {
  /** Path of a list, in JSON: `data/result`. A `+` at its end: lists beside it that are as long grow with it. */
  list: string;
  /** Paths of values below each entry, with an asterisk for any index; for text: numbers of columns. */
  vary: readonly string[];
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Path = readonly (string | number)[];

const DAY_MS = 86_400_000;

/** The page with its list so often that it has about `bytes` characters; `growth` says which list, and what differs from copy to copy. */
export function enlarged(body: string, growth: Growth, bytes: number): string {
  return body.startsWith('{') || body.startsWith('[')
    ? enlargedJson(body, growth, bytes)
    : enlargedText(body, growth, bytes);
}

function enlargedJson(body: string, { list, vary }: Growth, bytes: number): string {
  const value = JSON.parse(body) as Json;
  const path = pathOf(list.replace(/\+$/, ''));
  const parent = path.slice(0, -1);
  const wanted = at(value, path);
  if (!Array.isArray(wanted)) throw new Error(`there is no list at ${list}`);
  const paths = list.endsWith('+')
    ? children(at(value, parent))
        .filter(([, child]) => Array.isArray(child) && child.length === wanted.length)
        .map(([key]) => [...parent, key])
    : [path];
  const templates = paths.map((each) => ({ each, of: templateOf(at(value, each) as Json[], vary) }));
  const oneCopy = templates.reduce((sum, { of }) => sum + of.length, 0);
  const copies = Math.max(1, Math.round((bytes - body.length + oneCopy) / oneCopy));
  let text = JSON.stringify(templates.reduce((whole, { each }, index) => put(whole, each, [`@list ${index}@`]), value));
  for (const [index, { of }] of templates.entries())
    text = text.replace(
      `["@list ${index}@"]`,
      () => `[${Array.from({ length: copies }, (_, copy) => of.filled(copy)).join(',')}]`,
    );
  return text;
}

/** Lines after the first `list` ones, repeated; `vary` are columns. */
function enlargedText(body: string, { list, vary }: Growth, bytes: number): string {
  const lines = body.split('\n');
  const [before = '0', after = '0'] = list.split(':');
  const head = lines.slice(0, Number(before));
  const tail = Number(after) === 0 ? [] : lines.slice(-Number(after));
  const rows = lines.slice(head.length, lines.length - tail.length).filter((line) => line.trim() !== '');
  const copies = Math.max(1, Math.round(bytes / Math.max(1, rows.join('\n').length)));
  const pieces: string[] = [...head];
  for (let copy = 0; copy < copies; copy += 1)
    for (const row of rows) {
      if (vary.length === 0) pieces.push(row);
      else {
        const cells = row.split(/([,;\t"])/);
        pieces.push(cells.map((cell, index) => (vary.includes(String(index)) ? varied(cell, copy) : cell)).join(''));
      }
    }
  return [...pieces, ...tail].join('\n');
}

interface Template {
  length: number;
  filled(copy: number): string;
}

/** Entries of a list as text, without brackets, with holes where values differ. */
function templateOf(entries: Json[], vary: readonly string[]): Template {
  const holes: Json[] = [];
  const wanted = new Set(vary);
  const marked = entries.map((entry) => mark(entry, [], wanted, holes));
  const text = JSON.stringify(marked).slice(1, -1);
  const pieces = text.split(/"@hole@"/);
  return {
    length: text.length + 1,
    filled: (copy) =>
      pieces
        .map((piece, index) => (index === 0 ? '' : JSON.stringify(varied(holes[index - 1] as string, copy))) + piece)
        .join(''),
  };
}

function mark(value: Json, path: Path, wanted: ReadonlySet<string>, holes: Json[]): Json {
  if (Array.isArray(value)) return value.map((item) => mark(item, [...path, '*'], wanted, holes));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, mark(item, [...path, key], wanted, holes)]),
    );
  if (!wanted.has(path.join('/'))) return value;
  holes.push(value);
  return '@hole@';
}

/** Another value of the same form: a time that is days later, a number that is greater, a text that ends otherwise. */
function varied<T extends Json>(value: T, copy: number): T | string | number {
  if (copy === 0) return value;
  if (typeof value === 'number') return value + copy * stepOf(value);
  if (typeof value !== 'string') return value;
  const date = /^\d{4}-\d{2}-\d{2}/.exec(value);
  if (date !== null) {
    const later = new Date(Date.parse(`${date[0]}T00:00:00Z`) - (copy % 5_000) * DAY_MS);
    return later.toISOString().slice(0, 10) + value.slice(10);
  }
  return /^\d+$/.test(value) ? String(BigInt(value) + BigInt(copy * stepOf(Number(value)))) : `${value}-${copy}`;
}

const stepOf = (value: number): number =>
  value > 1e17 ? 86_400e9 : value > 1e14 ? 86_400e6 : value > 1e11 ? DAY_MS : value > 1e9 ? 86_400 : 1_001;

const pathOf = (list: string): (string | number)[] =>
  list === '' ? [] : list.split('/').map((part) => (/^\d+$/.test(part) ? Number(part) : part));

const at = (value: Json, path: Path): Json =>
  path.reduce<Json>((within, key) => (within as Record<string | number, Json>)[key] ?? null, value);

const children = (value: Json): [string | number, Json][] =>
  Array.isArray(value) ? value.map((item, index) => [index, item]) : Object.entries(value as Record<string, Json>);

function put(value: Json, [head, ...rest]: Path, by: Json): Json {
  if (head === undefined) return by;
  if (Array.isArray(value)) return value.map((item, index) => (index === head ? put(item, rest, by) : item));
  return { ...(value as Record<string, Json>), [head]: put((value as Record<string, Json>)[head] ?? null, rest, by) };
}
