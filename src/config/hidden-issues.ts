import type { z } from 'zod';
import type { PathPart, ProblemList } from './problems.ts';
import { knownKeys } from './schema/walk.ts';
import { USUAL_TEXTS } from './stand-in.ts';
import { flattenIssue, type Issue, pathOf, putAt, valueAt } from './zod-issues.ts';

interface Input {
  schema: z.ZodType;
  /** Describes the value for near misses. */
  description: z.core.$ZodType;
  /** The value that does not fit, and all that the schema says of it. */
  raw: unknown;
  issues: readonly Issue[];
  problems: ProblemList;
}

/** Ways to make a value fit: what says the least, what is nearest to what was written, and what is neither. */
type Way = 'least' | 'nearest' | 'other';
const WAYS: readonly Way[] = ['least', 'nearest', 'other'];
const MOST_PLACES = 50;
const MOST_ROUNDS = 16;

/**
 * What a schema only says of a value once all has the right form: a rule over several fields is not asked before. Wrong
 * places are made to fit, in several ways, and what is said of other places each time does not rest on them. Empty where that
 * cannot be done, or would take too long.
 */
export function hiddenIssues(input: Input): Issue[] {
  const spoilt = input.issues.flatMap(placesOf);
  if (spoilt.length > MOST_PLACES) return [];
  const known = new Set(input.issues.map(identityOf));
  let common: Map<string, Issue> | undefined;
  for (const way of WAYS) {
    const found = issuesOnceMended(input, way, spoilt);
    const kept = found.filter((issue) => {
      const identity = identityOf(issue);
      return !known.has(identity) && (common === undefined || common.has(identity));
    });
    if (kept.length === 0) return [];
    common = new Map(kept.map((issue) => [identityOf(issue), issue]));
  }
  return [...(common?.values() ?? [])];
}

function issuesOnceMended(
  { schema, description, raw, issues, problems }: Input,
  way: Way,
  spoilt: PathPart[][],
): Issue[] {
  const places = [...spoilt];
  const isSpoilt = (path: readonly PathPart[]): boolean => places.some((place) => startsWith(path, place));
  const tries = new Map<string, number>();
  const cost = sizeOf(raw);
  let value = raw;
  let current = [...issues];
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const before = value;
    for (const issue of current) {
      if (!isSpoilt(pathOf(issue)) && !FORM.has(issue.code)) continue;
      if (round > 0) places.push(...placesOf(issue));
      value = mend(value, issue, { way, description, problems, tries });
      if (isHollow(raw, value)) return [];
    }
    if (value === before) break;
    if (!problems.affordsLook(cost)) return [];
    const result = schema.safeParse(value);
    current = result.success ? [] : result.error.issues.flatMap(flattenIssue);
  }
  // What is said of a mapping as a whole rests on what stands in it.
  const restsOnSpoilt = (path: readonly PathPart[]): boolean =>
    isSpoilt(path) || (path.length > 0 && places.some((place) => startsWith(place, path)));
  return current.filter((issue) => !placesOf(issue).some(restsOnSpoilt));
}

/** A whole part of the value is gone, so nothing can be said about rules that may look into it. */
function isHollow(raw: unknown, mended: unknown): boolean {
  if (!isObject(raw) || !isObject(mended)) return true;
  return Object.keys({ ...raw, ...mended }).some((key) => {
    const [before, after] = [valueAt(raw, [key]), valueAt(mended, [key])];
    if (before === after) return false;
    return isObject(after) ? Object.keys(after).length === 0 : isObject(before) && Object.keys(before).length > 0;
  });
}

/** Of these a value that fits takes the place; other rules are asked beside what breaks them. */
const FORM: ReadonlySet<Issue['code']> = new Set([
  'unrecognized_keys',
  'invalid_type',
  'invalid_value',
  'invalid_union',
]);

interface Mending {
  way: Way;
  description: z.core.$ZodType;
  problems: ProblemList;
  /** How often each place was mended. */
  tries: Map<string, number>;
}

function mend(value: unknown, issue: Issue, { way, description, problems, tries }: Mending): unknown {
  const path = pathOf(issue);
  if (issue.code === 'unrecognized_keys') {
    const known = way === 'nearest' ? knownKeys(description, path) : [];
    return issue.keys.reduce((mended, key) => {
      const meant = way === 'nearest' ? problems.nearMiss(key, known) : null;
      const written = valueAt(mended, [...path, key]);
      const without = putAt(mended, [...path, key], undefined);
      return meant === null || valueAt(without, [...path, meant]) !== undefined
        ? without
        : putAt(without, [...path, meant], written);
    }, value);
  }
  const at = `${issue.code} ${JSON.stringify(path)}`;
  const tried = tries.get(at) ?? 0;
  tries.set(at, tried + 1);
  const standIns = standInsFor(issue, value, way, problems);
  if (tried < standIns.length) return putAt(value, path, standIns[tried]);
  // Nothing fits: it goes with all that is around it, once.
  return tried === standIns.length && path.length > 1 ? putAt(value, path.slice(0, -1), undefined) : value;
}

/** What may stand there, in the order in which it is tried; `undefined` is nothing. */
function standInsFor(issue: Issue, value: unknown, way: Way, problems: ProblemList): readonly unknown[] {
  const path = pathOf(issue);
  const written = valueAt(value, path);
  const inOrder = (standIns: readonly unknown[]): readonly unknown[] =>
    written === undefined ? standIns : way === 'least' ? [undefined, ...standIns] : [...standIns, undefined];
  const words =
    issue.code === 'invalid_value' ? issue.values : 'options' in issue && issue.options ? issue.options : null;
  if (words !== null) {
    const meant =
      way !== 'nearest' || typeof written !== 'string' ? null : problems.nearMiss(written, words.map(String));
    const middle = Math.floor(words.length / 2);
    const others = { least: words, nearest: words.toReversed(), other: [...words.slice(middle), ...words] }[way];
    return inOrder(meant === null ? others : [meant, ...others.filter((word) => String(word) !== meant)]);
  }
  const texts = way !== 'nearest' ? USUAL_TEXTS : [...textsBeside(value, path), ...USUAL_TEXTS.toReversed()];
  if (issue.code !== 'invalid_type') return inOrder([...texts, 1, {}, []]);
  switch (issue.expected) {
    case 'number':
    case 'int':
      return inOrder([1, 60, 1000]);
    case 'boolean':
      return inOrder([way === 'nearest']);
    case 'array':
      return inOrder(way === 'nearest' && written !== undefined ? [[written], ['x'], []] : [['x'], []]);
    case 'object':
    case 'record':
      return inOrder([{}]);
    default:
      return inOrder(texts);
  }
}

/** Texts in the same mapping, those of keys that are called alike first: `sourceUnit` beside `unit`. */
function textsBeside(value: unknown, path: readonly PathPart[]): string[] {
  const own = String(path.at(-1)).toLowerCase();
  const isAlike = (key: string): boolean => key.toLowerCase().includes(own) || own.includes(key.toLowerCase());
  const beside = Object.entries(valueAt(value, path.slice(0, -1)) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0] !== path.at(-1),
  );
  return beside
    .sort(([a], [b]) => Number(isAlike(b)) - Number(isAlike(a)))
    .flatMap(([, text], index) => (index < 3 ? text : []));
}

const placesOf = (issue: Issue): PathPart[][] =>
  issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...pathOf(issue), key]) : [pathOf(issue)];

const identityOf = (issue: Issue): string => `${JSON.stringify(placesOf(issue))} ${issue.message}`;

const startsWith = (path: readonly PathPart[], start: readonly PathPart[]): boolean =>
  path.length >= start.length && start.every((part, index) => part === path[index]);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const sizeOf = (value: unknown): number =>
  isObject(value) ? Object.values(value).reduce<number>((sum, child) => sum + sizeOf(child), 1) : 1;
