import type { z } from 'zod';
import { hiddenIssues } from './hidden-issues.ts';
import { keyPlaceAt, type Located, nodeAt, placeAt, plain } from './located.ts';
import { listWords, type PathPart, type ProblemList, quote } from './problems.ts';
import { knownKeys, secretsIn } from './schema/walk.ts';
import { isAboutPending, standIn } from './stand-in.ts';
import { flattenIssue, type Issue, pathOf, replaceAt, valueAt } from './zod-issues.ts';

/** What a value is checked against, and what is told about it. */
export interface CheckInput<T> {
  /** The value with its places; `path` leads to it from the top of the configuration. */
  node: Located;
  path: readonly PathPart[];
  schema: z.ZodType<T>;
  /** Describes the same value for near misses and secrets, where `schema` is only a part of it. Default: `schema`. */
  description?: z.core.$ZodType;
  /** Only these keys of a mapping are looked at; the others belong to somebody else. */
  keys?: (key: string) => boolean;
  problems: ProblemList;
}

/**
 * The checked value, or undefined when it has errors, which are then in `problems`. Where a secret is not known, another
 * text stands in the value; undefined without a problem when none fits.
 */
export function checkValue<T>(input: CheckInput<T>): { value: T } | undefined {
  let raw = select(plain(input.node), input.keys);
  // Texts from outside become numbers or truth values where the schema asks for them; each round may uncover more.
  const tried = new Map<string, number>();
  for (let round = 0; ; round += 1) {
    const result = input.schema.safeParse(raw);
    if (result.success) return containsUnresolved(input.node, input.keys) ? undefined : { value: result.data };
    const issues = result.error.issues.flatMap(flattenIssue);
    const coerced = round < 20 ? coerce(input.node, raw, issues) : undefined;
    if (coerced === undefined) {
      const pending = issues.filter((issue) => isAboutPending(input.node, pathOf(issue)));
      if (pending.length > 0 && pending.length === issues.length) {
        const replaced = replacePending(raw, pending, tried);
        if (replaced === undefined) return undefined;
        raw = replaced;
        continue;
      }
      const { schema, description = schema, problems } = input;
      const secretPaths = new Set(secretsIn(description, raw).map((found) => JSON.stringify(found.path)));
      for (const issue of issues) if (!pending.includes(issue)) report(input, issue, secretPaths);
      if (problems.isFull()) return undefined;
      for (const issue of hiddenIssues({ schema, description, raw, issues, problems }))
        report(input, issue, secretPaths);
      return undefined;
    }
    raw = coerced;
  }
}

function select(value: unknown, keys: ((key: string) => boolean) | undefined): unknown {
  if (keys === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys(key)));
}

function containsUnresolved(node: Located, keys?: (key: string) => boolean): boolean {
  if (node.type === 'scalar') return node.unresolved;
  if (node.type === 'list') return node.items.some((item) => containsUnresolved(item));
  return [...node.entries.values()].some((entry) => (keys?.(entry.key) ?? true) && containsUnresolved(entry.value));
}

/** A copy with coercible texts replaced where a number or truth value was expected; undefined when nothing could be. */
function coerce(node: Located, raw: unknown, issues: readonly Issue[]): unknown {
  let changed = false;
  let result = raw;
  for (const issue of issues) {
    if (issue.code !== 'invalid_type') continue;
    const path = pathOf(issue);
    const scalar = nodeAt(node, path);
    if (scalar?.type !== 'scalar' || !scalar.coercible || typeof scalar.value !== 'string') continue;
    const value = coerceText(scalar.value.trim(), issue.expected);
    if (value === undefined || valueAt(result, path) === value) continue;
    result = replaceAt(result, path, value);
    changed = true;
  }
  return changed ? result : undefined;
}

/** A copy with another text in each of these places; undefined when nothing is left to try. */
function replacePending(raw: unknown, issues: readonly Issue[], tried: Map<string, number>): unknown {
  let result = raw;
  for (const issue of new Map(issues.map((each) => [JSON.stringify(pathOf(each)), each])).values()) {
    const key = JSON.stringify(pathOf(issue));
    const tries = tried.get(key) ?? 0;
    const value = standIn(issue, tries);
    if (value === undefined) return undefined;
    tried.set(key, tries + 1);
    result = replaceAt(result, pathOf(issue), value);
  }
  return result;
}

function coerceText(text: string, expected: string): number | boolean | undefined {
  if (expected === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (expected !== 'number' && expected !== 'int') return undefined;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function report<T>(input: CheckInput<T>, issue: Issue, secretPaths: ReadonlySet<string>): void {
  const local = pathOf(issue);
  const full = [...input.path, ...local];
  const place = placeAt(input.node, local);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(input.description ?? input.schema, local);
    for (const key of issue.keys)
      input.problems.add(
        keyPlaceAt(input.node, local, key),
        [...full, key],
        'config/unknown-key',
        `unknown key ${quote(key)}${known.length === 0 ? '' : `; known here: ${listWords(known)}`}`,
        { suggestion: input.problems.nearMiss(key, known) },
      );
    return;
  }
  const node = nodeAt(input.node, local);
  if (node?.type === 'scalar' && node.unresolved) return;
  const { message, candidates } = describe(issue);
  if (node === undefined || (node.type === 'scalar' && node.value === null)) {
    const missing = issue.code === 'custom' && /^[a-z]/.test(issue.message) ? issue.message : `is required: ${message}`;
    input.problems.add(
      place,
      full,
      'config/invalid-value',
      issue.message.startsWith('is required') ? issue.message : missing,
    );
    return;
  }
  const secret = secretPaths.has(JSON.stringify(local));
  // A plain text where a mapping belongs (`slack: xoxb-…`) may be the secret that should stand inside.
  const wantsMapping = issue.code === 'invalid_type' && (issue.expected === 'object' || issue.expected === 'record');
  const shown = node.type === 'scalar' && !secret && !wantsMapping ? found(node) : '';
  const near =
    node.type === 'scalar' && typeof node.value === 'string' && !node.interpolated && !secret
      ? input.problems.nearMiss(node.value, candidates)
      : null;
  const quoting = message === `expected ${TYPE_WORDS['string']}` && node.type === 'scalar' ? ' (put it in quotes)' : '';
  input.problems.add(place, full, 'config/invalid-value', `${message}${quoting}${shown}`, { suggestion: near });
}

/** What was found, in its YAML spelling; what came from outside is named by its reference alone. */
function found(node: Located & { type: 'scalar' }): string {
  if (!node.interpolated)
    return typeof node.value !== 'string'
      ? `, found ${node.source}`
      : // Of what fits on no line only headers are refused, and those may hold keys.
        /[\r\n\0]/.test(node.value)
        ? ''
        : `, found ${quote(withoutCredentials(node.value))}`;
  const references = node.source.match(/\$\{(?:env:[A-Za-z0-9_]+|file:[^}]*|secret:[A-Za-z0-9_.-]+)/g) ?? [];
  return `, found what ${references.map((reference) => `${reference}}`).join(' ')} gives`;
}

/** `//user:password@host` is refused as an address, but must not be repeated either. */
const withoutCredentials = (text: string): string => text.replace(/\/\/[^/]*@/g, '//…@');

const TYPE_WORDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** A zod issue in an operator's words; never with the value. */
function describe(issue: Issue): { message: string; candidates: string[] } {
  const plainly = (message: string, candidates: string[] = []) => ({ message, candidates });
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith('Invalid input')
        ? plainly(`expected ${TYPE_WORDS[issue.expected] ?? issue.expected}`)
        : plainly(issue.message);
    case 'invalid_value': {
      const words = issue.values.map(String);
      return plainly(`expected ${words.length === 1 ? '' : 'one of '}${listWords(words)}`, words);
    }
    case 'invalid_union': {
      const words = ('options' in issue ? (issue.options ?? []) : []).map(String);
      if (words.length > 0) return plainly(`expected one of ${listWords(words)}`, words);
      return plainly(issue.message === 'Invalid input' ? 'does not fit any of the allowed forms' : issue.message);
    }
    case 'too_small':
      return issue.message.startsWith('Too small')
        ? plainly(limit('at least', issue.origin, issue.minimum))
        : plainly(issue.message);
    case 'too_big':
      return issue.message.startsWith('Too big')
        ? plainly(limit('at most', issue.origin, issue.maximum))
        : plainly(issue.message);
    case 'custom': {
      const candidates: unknown = issue.params?.['candidates'];
      return plainly(issue.message, Array.isArray(candidates) ? candidates.map(String) : []);
    }
    default:
      return plainly(issue.message.replace(/^Invalid input: /, ''));
  }
}

function limit(bound: string, origin: string, value: number | bigint): string {
  if (origin === 'string') return `expected ${bound} ${value} characters`;
  if (origin === 'array' || origin === 'set') return `expected ${bound} ${value} entries`;
  return `expected ${bound} ${value}`;
}
