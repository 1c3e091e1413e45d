import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { parseDecimal, type SecretUse, type Unreadable } from '#kit';
import type { Located, LocatedEntry, LocatedMap, LocatedScalar } from './located.ts';
import type { PathPart, Place, ProblemList } from './problems.ts';
import { formatPath, quote } from './problems.ts';
import type { ReferenceResolver } from './references.ts';
import { isEcho, syntaxMessage } from './syntax-message.ts';

/** How much one file's aliases may add; a "billion laughs" stops here. */
const MAX_ALIASED_NODES = 10_000;
const MAX_DEPTH = 40;
const MAX_OPEN_BRACKETS = 2_000;
/** A broken indentation can make an error of every line after it. */
const MAX_SYNTAX_PROBLEMS = 20;
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
  resolve: ReferenceResolver;
  anchors: Map<string, Node>;
  /** Collections being walked: an alias to one of them would never end. */
  open: Set<Node>;
  aliasDepth: number;
  aliasedNodes: number;
  secrets: string[];
  stored: StoredUse[];
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
  const walk: Walk = {
    file,
    lines,
    problems,
    resolve,
    anchors: new Map(),
    open: new Set(),
    aliasDepth: 0,
    aliasedNodes: 0,
    secrets: [],
    stored: [],
  };
  const { secrets, stored } = walk;
  const contents = parseText(text, walk);
  if (contents === undefined) return { root: null, broken: true, secrets, stored };
  try {
    if (contents === null) return { root: null, broken: false, secrets, stored };
    const root = await toLocated(contents, [], walk, 0);
    if (root.type === 'map') return { root, broken: false, secrets, stored };
    if (root.type === 'scalar' && root.value === null) return { root: null, broken: false, secrets, stored };
    problems.add(
      root.place,
      [],
      'config/invalid-value',
      'expected a mapping at the top of the file: keys such as settings, connectors and projects, each followed by ":"',
    );
  } catch (thrown) {
    if (!(thrown instanceof GiveUp)) throw thrown;
  }
  return { root: null, broken: true, secrets, stored };
}

/** Undefined: not YAML, problems noted. Null: an empty document. */
function parseText(text: string, walk: Walk): Node | null | undefined {
  const tooDeep = endlessNesting(text);
  if (tooDeep !== null) {
    walk.problems.add({ file: walk.file, ...tooDeep }, [], 'config/yaml-syntax', 'the file is nested too deeply');
    return undefined;
  }
  try {
    // Unique keys are checked in the walk: the library compares each key with each other, which a large file makes slow.
    const document = parseDocument(text, {
      lineCounter: walk.lines,
      prettyErrors: false,
      stringKeys: true,
      uniqueKeys: false,
      resolveKnownTags: false,
      logLevel: 'silent',
    });
    const found = [...document.errors, ...document.warnings];
    const seen = new Set<number>();
    for (const error of found) {
      if (seen.size > 0 && isEcho(error.message)) continue;
      const place = placeOf(error.pos[0], walk);
      if (seen.has(place.line) || seen.size >= MAX_SYNTAX_PROBLEMS) continue;
      seen.add(place.line);
      walk.problems.add(place, [], 'config/yaml-syntax', syntaxMessage(error.code, error.message));
    }
    return found.length > 0 ? undefined : document.contents;
  } catch (thrown) {
    // The library recurses: tens of thousands of opening brackets exhaust the stack.
    const message = thrown instanceof RangeError ? 'the file is nested too deeply' : 'the file cannot be read as YAML';
    walk.problems.add({ file: walk.file, line: 1, column: 1 }, [], 'config/yaml-syntax', message);
    return undefined;
  }
}

/**
 * Where so many brackets are open that no honest file has them, null otherwise. The library would take seconds and a gigabyte
 * to find out. Those in texts and comments count too: mostly they are closed, and a few thousand are far beyond any file.
 */
function endlessNesting(text: string): { line: number; column: number } | null {
  let open = 0;
  let line = 1;
  let lineStart = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '[' || character === '{') open += 1;
    else if (character === ']' || character === '}') open = Math.max(0, open - 1);
    else if (character === '\n') {
      line += 1;
      lineStart = at + 1;
    }
    if (open > MAX_OPEN_BRACKETS) return { line, column: at - lineStart + 1 };
  }
  return null;
}

function placeOf(offset: number, walk: Walk): Place {
  const { line, col } = walk.lines.linePos(offset);
  return { file: walk.file, line: Math.max(1, line), column: Math.max(1, col) };
}

async function toLocated(node: unknown, path: readonly PathPart[], walk: Walk, depth: number): Promise<Located> {
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
    const located = await toLocated(target, path, walk, depth);
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
      located.items.push(await toLocated(item, [...path, index], walk, depth + 1));
  } else {
    located = { type: 'map', place, entries: new Map() };
    for (const pair of node.items) await addEntry(located.entries, pair, path, walk, depth);
  }
  walk.open.delete(node);
  return located;
}

async function addEntry(
  entries: Map<string, LocatedEntry>,
  pair: { key: unknown; value: unknown },
  path: readonly PathPart[],
  walk: Walk,
  depth: number,
): Promise<void> {
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
  const value = pair.value === null ? emptyScalar(keyPlace) : await toLocated(pair.value, here, walk, depth + 1);
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

async function scalarOf(
  value: unknown,
  source: string | undefined,
  place: Place,
  path: readonly PathPart[],
  walk: Walk,
): Promise<LocatedScalar> {
  const scalar = { ...emptyScalar(place), source: source ?? String(value) };
  if (typeof value === 'boolean') return { ...scalar, value };
  if (typeof value === 'number') {
    // A figure that a binary float would change stays a text, so that money is what was written.
    const written = parseDecimal(scalar.source);
    const exact = written === null || written === parseDecimal(String(value));
    return { ...scalar, value: exact ? value : scalar.source, coercible: !exact };
  }
  if (typeof value !== 'string') return scalar;
  const resolved = await walk.resolve(value);
  // One by one: a text may hold more references than a call takes arguments.
  for (const secret of resolved.secrets) walk.secrets.push(secret);
  for (const { name, unreadable } of resolved.stored)
    walk.stored.push({
      use: { name, ...place, path: formatPath(path), connector: connectorIn(path) },
      place,
      path,
      unreadable,
    });
  for (const problem of resolved.problems)
    walk.problems.add(place, path, problem.code, problem.message, { suggestion: problem.suggestion });
  return {
    ...scalar,
    source: value,
    value: resolved.text,
    interpolated: resolved.interpolated,
    coercible: resolved.interpolated,
    unresolved: resolved.problems.length > 0,
    pending: resolved.pending,
  };
}

const connectorIn = ([section, id]: readonly PathPart[]): string | null =>
  section === 'connectors' && typeof id === 'string' ? id : null;

function offsetOf(node: unknown): number {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return 0;
  const [start] = node.range;
  return typeof start === 'number' ? start : 0;
}
