import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node } from 'yaml';
import { parseDecimal, type SecretUse, type Unreadable } from '#kit';
import { isEmpty, type Located, type LocatedEntry, type LocatedMap, type LocatedScalar } from './located.ts';
import type { PathPart, Place, ProblemList } from './problems.ts';
import { formatPath, quote } from './problems.ts';
import type { ReferenceResolver } from './references.ts';
import { parseYamlText } from './yaml-text.ts';

/** How much one file's aliases may add; a "billion laughs" stops here. */
const MAX_ALIASED_NODES = 10_000;
const MAX_DEPTH = 40;
/** Keys that mean something to JavaScript objects, never to an operator. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

export interface ReadFile {
  /** Null: empty, or so broken that nothing in it can be trusted. */
  root: LocatedMap | null;
  /** The text is not YAML: what it defines is unknown. */
  broken: boolean;
  secrets: string[];
  /** Every `${secret:}`, and why it cannot be had. */
  stored: StoredUse[];
  /** Words, signs and line breaks; 0 when it is broken. */
  tokens: number;
}
export interface StoredUse {
  use: SecretUse;
  place: Place;
  path: readonly PathPart[];
  unreadable: Unreadable | null;
}

interface Walk {
  file: string;
  lines: LineCounter;
  problems: ProblemList;
  anchors: Map<string, Node>;
  /** Collections being walked: an alias to one of them would never end. */
  open: Set<Node>;
  aliasDepth: number;
  aliasedNodes: number;
  /** Texts with references, looked up when the walk is over: it itself waits for nothing. */
  unresolved: { scalar: LocatedScalar; text: string; path: readonly PathPart[] }[];
}
/** Thrown through the walk when a file is to be given up; its problem is already noted. */
class GiveUp extends Error {}

/** Parses one file's text into values with places; every syntax error of it becomes a problem. */
export async function readYaml(
  file: string,
  text: string,
  problems: ProblemList,
  resolve: ReferenceResolver,
): Promise<ReadFile> {
  const lines = new LineCounter();
  const parsed = parseYamlText(text, lines);
  if (Array.isArray(parsed)) {
    for (const { line, column, message } of parsed)
      problems.add({ file, line, column }, [], 'config/yaml-syntax', message);
    return { root: null, broken: true, secrets: [], stored: [], tokens: 0 };
  }
  const walk: Walk = {
    file,
    lines,
    problems,
    anchors: new Map(),
    open: new Set(),
    aliasDepth: 0,
    aliasedNodes: 0,
    unresolved: [],
  };
  const root = rootOf(parsed.contents, walk);
  const { tokens } = parsed;
  return { root: root ?? null, broken: root === undefined, tokens, ...(await resolveTexts(walk, resolve)) };
}

/** Null: nothing is written. Undefined: it cannot be used, problems noted. */
function rootOf(contents: Node | null, walk: Walk): LocatedMap | null | undefined {
  if (contents === null) return null;
  try {
    const root = toLocated(contents, [], walk, 0);
    if (root.type === 'map') return root;
    if (isEmpty(root)) return null;
    walk.problems.add(
      root.place,
      [],
      'config/invalid-value',
      'expected a mapping at the top of the file: keys such as settings, connectors and projects, each followed by ":"',
    );
  } catch (thrown) {
    if (!(thrown instanceof GiveUp)) throw thrown;
  }
  return undefined;
}

/** Puts into each text what its references give; problems noted. */
async function resolveTexts(
  { problems, unresolved }: Walk,
  resolve: ReferenceResolver,
): Promise<Pick<ReadFile, 'secrets' | 'stored'>> {
  const secrets: string[] = [];
  const stored: StoredUse[] = [];
  for (const { scalar, text, path } of unresolved) {
    const { place } = scalar;
    const resolved = await resolve(text);
    // One by one: a text may hold more references than a call takes arguments.
    for (const secret of resolved.secrets) secrets.push(secret);
    for (const { name, unreadable } of resolved.stored) {
      const use = { name, ...place, path: formatPath(path), connector: connectorIn(path) };
      stored.push({ use, place, path, unreadable });
    }
    for (const { code, message, suggestion } of resolved.problems)
      problems.add(place, path, code, message, { suggestion });
    scalar.value = resolved.text;
    scalar.interpolated = resolved.interpolated;
    scalar.coercible = resolved.interpolated;
    scalar.unresolved = resolved.givenUp || resolved.problems.length > 0;
    scalar.pending = resolved.pending;
  }
  return { secrets, stored };
}

function placeOf(offset: number, walk: Walk): Place {
  const { line, col } = walk.lines.linePos(offset);
  return { file: walk.file, line: Math.max(1, line), column: Math.max(1, col) };
}

function toLocated(node: unknown, path: readonly PathPart[], walk: Walk, depth: number): Located {
  const place = placeOf(offsetOf(node), walk);
  const giveUp = (message: string): never => {
    walk.problems.add(place, path, 'config/yaml-syntax', message);
    throw new GiveUp();
  };
  if (depth > MAX_DEPTH) return giveUp(`nested more than ${MAX_DEPTH} levels deep`);
  if (walk.aliasDepth > 0) walk.aliasedNodes += 1;
  if (walk.aliasedNodes > MAX_ALIASED_NODES)
    return giveUp(`the aliases ("*") of this file expand to more than ${MAX_ALIASED_NODES} values`);
  if (isAlias(node)) {
    const target = walk.anchors.get(node.source);
    if (target === undefined) return giveUp('the alias ("*") names an anchor ("&") that does not stand before it');
    if (walk.open.has(target)) return giveUp('the alias ("*") contains itself');
    walk.aliasDepth += 1;
    const located = toLocated(target, path, walk, depth);
    walk.aliasDepth -= 1;
    return located;
  }
  if (isScalar(node)) {
    if (node.anchor !== undefined) walk.anchors.set(node.anchor, node);
    return scalarOf(node.value, node.source, place, path, walk);
  }
  if (!isMap(node) && !isSeq(node)) return emptyScalar(place);
  if (node.anchor !== undefined) walk.anchors.set(node.anchor, node);
  walk.open.add(node);
  let located: Located;
  if (isSeq(node)) {
    located = { type: 'list', place, items: [] };
    for (const [index, item] of node.items.entries())
      located.items.push(toLocated(item, [...path, index], walk, depth + 1));
  } else {
    located = { type: 'map', place, entries: new Map() };
    for (const pair of node.items) addEntry(located.entries, pair, path, walk, depth);
  }
  walk.open.delete(node);
  return located;
}

function addEntry(
  entries: Map<string, LocatedEntry>,
  pair: { key: unknown; value: unknown },
  path: readonly PathPart[],
  walk: Walk,
  depth: number,
): void {
  const keyPlace = placeOf(offsetOf(pair.key), walk);
  const key = isScalar(pair.key) ? String(pair.key.value) : '';
  const here = [...path, key];
  if (!isScalar(pair.key)) {
    walk.problems.add(keyPlace, path, 'config/yaml-syntax', 'a key must be a plain word or text');
    return;
  }
  if (FORBIDDEN_KEYS.has(key)) {
    walk.problems.add(keyPlace, here, 'config/unknown-key', `the key ${quote(key)} is not allowed`);
    return;
  }
  const first = entries.get(key);
  if (first !== undefined) {
    walk.problems.add(
      keyPlace,
      here,
      'config/duplicate-id',
      `the key ${quote(key)} stands here a second time; the first is at line ${first.keyPlace.line}`,
    );
    return;
  }
  const value = pair.value === null ? emptyScalar(keyPlace) : toLocated(pair.value, here, walk, depth + 1);
  // What is missing in a mapping is reported at the mapping's key, not at its first child.
  if (value.type !== 'scalar') value.place = keyPlace;
  entries.set(key, { key, keyPlace, value });
}

const emptyScalar = (place: Place): LocatedScalar => ({
  type: 'scalar',
  place,
  value: null,
  source: '',
  interpolated: false,
  coercible: false,
  unresolved: false,
  pending: false,
});

function scalarOf(
  value: unknown,
  source: string | undefined,
  place: Place,
  path: readonly PathPart[],
  walk: Walk,
): LocatedScalar {
  const scalar = { ...emptyScalar(place), source: source ?? String(value) };
  if (typeof value === 'boolean') return { ...scalar, value };
  if (typeof value === 'number') {
    // A figure that a binary float would change stays a text, so that money is what was written.
    const written = parseDecimal(scalar.source);
    const exact = written === null || written === parseDecimal(String(value));
    return { ...scalar, value: exact ? value : scalar.source, coercible: !exact };
  }
  if (typeof value !== 'string') return scalar;
  const text = { ...scalar, source: value, value };
  if (value.includes('${')) walk.unresolved.push({ scalar: text, text: value, path });
  return text;
}

const connectorIn = ([section, id]: readonly PathPart[]): string | null =>
  section === 'connectors' && typeof id === 'string' ? id : null;

function offsetOf(node: unknown): number {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return 0;
  const [start] = node.range;
  return typeof start === 'number' ? start : 0;
}
