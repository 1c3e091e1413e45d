import { asRecord, type DryRunResult, formatDurationMs } from '#kit';
import type { Io } from './io.ts';
import { type Column, type Row, table } from './table.ts';

const MOST_REQUESTS = 20;
/** Status, bytes and took, with what stands between them. */
const OTHER_COLUMNS = 32;
const LEAST_ADDRESS = 24;
const LONGEST_VALUE = 200;
const MOST_PARAMETERS = 12;
/** Of a value that begins as the one before it, so much stands before what differs. */
const BEFORE_DIFFERENCE = 6;

const COLUMNS: readonly Column[] = [
  { head: 'request', wraps: true },
  { head: 'status', align: 'right' },
  { head: 'bytes', align: 'right' },
  { head: 'took', align: 'right' },
];

interface Asked {
  method: string;
  /** Without query; what is no HTTP address stays whole. */
  origin: string;
  path: string;
  /** Of the query and of the body, nested ones by dots. */
  parameters: ReadonlyMap<string, string>;
}

/** The requests of a dry run. Those of a paged reading are told apart by the parameters that differ. */
export function requestTable(io: Pick<Io, 'color' | 'columns'>, result: DryRunResult): string {
  const all = rowsOf(result);
  const shown = all.slice(0, MOST_REQUESTS);
  const asked = shown.map(readRequest);
  const widest = io.columns ?? Number.POSITIVE_INFINITY;
  const rows = shown.map(({ status, bytes, durationMs }, index): Row => {
    const { address, parameters } = wordsOf(asked, index);
    const oneLine = [address, ...parameters].join(' ');
    // The first of its kind has all its parameters below it, over the whole width.
    const fits = oneLine.length <= Math.max(LEAST_ADDRESS, widest - OTHER_COLUMNS);
    const cell = broken(fits ? oneLine : address, Math.max(LEAST_ADDRESS, widest - OTHER_COLUMNS));
    return {
      cells: [
        cell,
        status === undefined ? null : String(status),
        String(bytes),
        durationMs === undefined ? null : formatDurationMs(Math.round(durationMs)),
      ],
      note: fits || parameters.length === 0 ? undefined : parameters.map((each) => shorter(each, widest - 4)).join(' '),
    };
  });
  if (all.length > MOST_REQUESTS) rows.push({ cells: [`… ${all.length - MOST_REQUESTS} more`, '', '', ''] });
  return table(io, COLUMNS, rows);
}

type Exchanged = Pick<DryRunResult['exchanges'][number], 'method' | 'url' | 'body' | 'bytes'> & {
  status?: number;
  durationMs?: number;
};

/** What was asked. A page names its request better than the wire does, where there is one for each. */
function rowsOf({ requests, exchanges }: DryRunResult): Exchanged[] {
  if (exchanges.length === requests.length)
    return requests.map((request, index) => ({ ...exchanges[index], ...request }));
  return exchanges.length > 0 ? exchanges : requests;
}

function readRequest({ method, url, body }: Exchanged): Asked {
  const parameters = new Map<string, string>();
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return { method, origin: '', path: url, parameters };
  const { origin, pathname, searchParams } = new URL(url);
  const add = (name: string, value: string): void => {
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : `${before},${value}`);
  };
  for (const [name, value] of searchParams) add(name, value);
  for (const [name, value] of body === undefined ? [] : leavesOf(body)) parameters.set(name, value);
  return { method, origin, path: pathname, parameters };
}

function leavesOf(body: string): [string, string][] {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return [['body', body]];
  }
  const leaves: [string, string][] = [];
  const visit = (value: unknown, name: string): void => {
    const members = asRecord(value);
    if (members !== null && name.split('.').length < 6)
      for (const [key, member] of Object.entries(members)) visit(member, name === '' ? key : `${name}.${key}`);
    else leaves.push([name || 'body', typeof value === 'string' ? value : JSON.stringify(value)]);
  };
  visit(document, '');
  return leaves;
}

/** The address, or `…` for what stands in the row above, and the parameters that the reader does not know yet. */
function wordsOf(all: readonly Asked[], index: number): { address: string; parameters: string[] } {
  const asked = all[index];
  if (asked === undefined) return { address: '', parameters: [] };
  const { method, origin, path, parameters } = asked;
  const above = all[index - 1];
  const isBeside = above !== undefined && origin !== '' && above.origin === origin;
  const isSame = isBeside && above.path === path && above.method === method;
  const earlier = all.slice(0, index);
  const alike = earlier.findLast((each) => each.origin === origin && each.path === path && each.method === method);
  const address = `${method} ${isSame ? '…' : isBeside ? `…${path}` : `${origin}${path}`}`;
  const first = alike ?? earlier.findLast((each) => isBeside && sameNames(each.parameters, parameters));
  if (first === undefined)
    return {
      address,
      parameters: [...parameters].slice(0, MOST_PARAMETERS).map(([name, value]) => `${name}=${oneLineOf(value)}`),
    };
  const changed = [...parameters].filter(([name, value]) => first.parameters.get(name) !== value);
  const gone = [...first.parameters.keys()].filter((name) => !parameters.has(name));
  const words = changed
    .slice(0, MOST_PARAMETERS)
    .map(([name, value]) => `${name}=${differing(oneLineOf(value), oneLineOf(first.parameters.get(name) ?? ''))}`);
  if (changed.length > MOST_PARAMETERS) words.push(`and ${changed.length - MOST_PARAMETERS} more`);
  if (gone.length > 0) words.push(`(without ${gone.join(', ')})`);
  if (words.length === 0 && isSame) words.push('(again)');
  return { address, parameters: words };
}

const sameNames = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a.keys()].every((name) => b.has(name));

const oneLineOf = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();

/** Of a long value that begins as `other` does, the part that differs: cursors are alike for their first hundred characters. */
function differing(value: string, other: string): string {
  if (value.length <= 40) return value;
  let same = 0;
  while (same < value.length && value[same] === other[same]) same += 1;
  return same > 20 ? `…${value.slice(Math.min(same, value.length - 8) - BEFORE_DIFFERENCE)}` : value;
}

/** Words are broken by the table; a longer one is cut. */
function shorter(parameter: string, lineWidth: number): string {
  const most = parameter.includes(' ') ? LONGEST_VALUE : Math.min(LONGEST_VALUE, Math.max(LEAST_ADDRESS, lineWidth));
  return parameter.length > most ? `${parameter.slice(0, most - 1)}…` : parameter;
}

/** In lines of that width, at slashes and spaces where there are any: the table would cut off the end, which differs. */
function broken(text: string, lineWidth: number): string {
  const lines: string[] = [];
  for (let rest = text; ; ) {
    if (rest.length <= lineWidth) return [...lines, rest].join('\n');
    const at = Math.max(rest.lastIndexOf('/', lineWidth), rest.lastIndexOf(' ', lineWidth));
    const end = at > lineWidth / 3 ? at : lineWidth;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
}
