import type { ProblemPath, ProjectProblem } from './problem.ts';
import { type ProjectInput, projectSchema } from './schema.ts';

type Path = (string | number)[];

/** What stands in for a value that does not fit, until something does; `undefined`: left out. */
const STAND_INS: readonly unknown[] = [
  undefined,
  '2000-01-01',
  'EUR',
  'UTC',
  'x',
  '1',
  1,
  0.5,
  '0d',
  '1d',
  {},
  [],
  'flow',
  'up',
];
const MAX_PATHS = 200;
const MAX_ROUNDS = 3;

/**
 * A project that does not fit its schema, with something that fits in each wrong place: so that the rules can look at
 * the rest at once. Of what the rules say about the `spoilt` places nothing holds (see `stillHolds`). Null where it is
 * too far from a project.
 */
export function repairProject(raw: unknown): { project: ProjectInput; spoilt: Path[] } | null {
  const spoilt: Path[] = [];
  let value = raw;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    let failing = failures(value);
    if (failing.length === 0) break;
    spoilt.push(...failing);
    if (spoilt.length > MAX_PATHS) return null;
    for (const standIn of STAND_INS) {
      for (const path of failing) value = withValue(value, path, standIn);
      const next = failures(value);
      failing = failing.filter((path) => next.some((other) => startsWith(other, path)));
      if (failing.length === 0) break;
    }
    // What fits nothing is left out with all that is around it.
    for (const path of failing) {
      value = withValue(value, path.slice(0, -1), undefined);
      spoilt.push(path.slice(0, -1));
    }
  }
  const result = projectSchema.safeParse(value);
  return result.success ? { project: result.data, spoilt } : null;
}

/** Whether a problem of a repaired project is about what was written: neither its place nor what it rests on was spoilt. */
export function stillHolds(problem: ProjectProblem, spoilt: readonly ProblemPath[]): boolean {
  return spoilt.every(
    (bad) =>
      !startsWith(problem.path, bad) &&
      problem.restsOn.every((path) => !startsWith(path, bad) && !startsWith(bad, path)),
  );
}

const startsWith = (path: ProblemPath, start: ProblemPath): boolean =>
  path.length >= start.length && start.every((part, index) => part === path[index]);

interface Issue {
  code?: string | undefined;
  path: PropertyKey[];
  keys?: string[];
  errors?: Issue[][];
}

/** Paths that do not fit; of a union's, those of the form that fits best. */
function failures(value: unknown): Path[] {
  const result = projectSchema.safeParse(value);
  if (result.success) return [];
  const paths = (result.error.issues as Issue[]).flatMap(pathsOf);
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
}

function pathsOf(issue: Issue): Path[] {
  const at = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') return (issue.keys ?? []).map((key) => [...at, key]);
  if (issue.code !== 'invalid_union' || issue.errors === undefined || issue.errors.length === 0) return [at];
  const forms = issue.errors.map((form) => ({
    paths: form.flatMap(pathsOf),
    // A key that another form knows tells more than the values below it.
    unknownKeys: form.filter(({ code, path }) => code === 'unrecognized_keys' && path.length === 0).length,
  }));
  const [best] = forms
    .filter(({ paths }) => paths.every((path) => path.length > 0))
    .sort((a, b) => a.unknownKeys - b.unknownKeys || a.paths.length - b.paths.length);
  return best === undefined ? [at] : best.paths.map((path) => [...at, ...path]);
}

/** A copy with the value at a path; undefined takes a key out, and an entry of a list stays as it is. */
function withValue(root: unknown, path: Path, value: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value ?? {};
  if (Array.isArray(root)) {
    if (rest.length === 0 && value === undefined) return root;
    return root.map((item: unknown, index) => (index === part ? withValue(item, rest, value) : item));
  }
  const entries = typeof root === 'object' && root !== null ? Object.entries(root) : [];
  const others = entries.filter(([key]) => key !== part);
  if (rest.length === 0) return Object.fromEntries(value === undefined ? others : [...others, [part, value]]);
  const child: unknown = entries.find(([key]) => key === part)?.[1];
  return Object.fromEntries(
    entries.some(([key]) => key === part)
      ? entries.map(([key, item]) => [key, key === part ? withValue(item, rest, value) : item])
      : [...entries, [part, withValue(child, rest, value)]],
  );
}
