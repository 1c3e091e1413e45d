import type { z } from 'zod';
import type { PathPart } from './problems.ts';

export type Issue = z.core.$ZodIssue;

/** A union's issue as those of the alternative that fits best: the one that got furthest with the fewest complaints. */
export function flattenIssue(issue: Issue): Issue[] {
  const at = (inner: Issue): Issue => ({ ...inner, path: [...issue.path, ...inner.path] });
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ ...inner, path: issue.path }) as Issue);
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const branches = issue.errors.map((branch) => branch.flatMap(flattenIssue));
  const missesAltogether = (inner: Issue): boolean => inner.path.length === 0 && inner.code !== 'unrecognized_keys';
  // A key that another form knows tells more than the values below it.
  const unknownKeys = (branch: Issue[]): number =>
    branch.filter((inner) => inner.code === 'unrecognized_keys' && inner.path.length === 0).length;
  const score = (branch: Issue[]): number =>
    branch.filter(missesAltogether).length * 100 + unknownKeys(branch) * 10 + branch.length;
  const best = branches.reduce((left, right) => (score(right) < score(left) ? right : left));
  const expected = issue.message === 'Invalid input' ? null : issue.message;
  // Alternatives that are all plain values: the union's own wording says it better than the first one's.
  if (expected !== null && best.every((inner) => inner.path.length === 0)) return [issue];
  return best.map(at);
}

export const pathOf = (issue: Issue): PathPart[] =>
  issue.path.map((part) => (typeof part === 'number' ? part : String(part)));

export function valueAt(value: unknown, path: readonly PathPart[]): unknown {
  return path.reduce<unknown>(
    (current, part) =>
      typeof current === 'object' && current !== null && Object.hasOwn(current, part)
        ? (current as Record<PathPart, unknown>)[part]
        : undefined,
    value,
  );
}

/** A copy with another value at a path that is there. */
export function replaceAt(value: unknown, path: readonly PathPart[], replacement: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((item, index) => (index === part ? replaceAt(item, rest, replacement) : item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === part ? replaceAt(item, rest, replacement) : item]),
  );
}

/** A copy with a value in a mapping, or without it where that is undefined; the mapping itself is there. */
export function putAt(value: unknown, path: readonly PathPart[], put: unknown): unknown {
  const key = path.at(-1);
  const mapping = valueAt(value, path.slice(0, -1));
  if (typeof key !== 'string' || typeof mapping !== 'object' || mapping === null || Array.isArray(mapping))
    return put === undefined ? value : replaceAt(value, path, put);
  const others = Object.entries(mapping).filter(([name]) => name !== key);
  return replaceAt(value, path.slice(0, -1), Object.fromEntries(put === undefined ? others : [...others, [key, put]]));
}
