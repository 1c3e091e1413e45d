import type { ErrorCode } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { listWords, quote } from '../wording.ts';

export type ProblemPath = readonly (string | number)[];

/** One thing that is wrong (or, as a warning, doubtful) with a project that fits its schema. */
export interface ProjectProblem {
  /** Leads from the project to the value: `['metrics', 'failures', 'rates', 1, 'from']`. */
  path: (string | number)[];
  code: ErrorCode;
  /** Says what is wrong and how to mend it; fits after `path: `. */
  message: string;
  /** Errors keep the project from being used, warnings do not. */
  severity: 'error' | 'warning';
  /** What may have been meant, where a name is unknown. */
  suggestion: string | null;
  /** The other of two values that do not go together; a reader wants to see both places. */
  seeAlso: (string | number)[] | null;
  /** Further values that this rests on: where one of them is wrong in itself, nothing is to be said about both. */
  restsOn: (string | number)[][];
}

interface More {
  severity?: 'error' | 'warning';
  suggestion?: string | null;
  seeAlso?: ProblemPath;
  restsOn?: readonly ProblemPath[];
}

/** Collects the problems of one project. */
export interface ProblemCollector {
  readonly problems: ProjectProblem[];
  add(path: ProblemPath, code: ErrorCode, message: string, more?: More): void;
  /** A value that does not go together with others. */
  invalid(path: ProblemPath, message: string, more?: More): void;
  /** `sentence` ends where the name follows: `there is no deliverable`. */
  unknown(path: ProblemPath, sentence: string, name: string, known: readonly string[], more?: More): void;
}

export function createCollector(): ProblemCollector {
  const problems: ProjectProblem[] = [];
  const add: ProblemCollector['add'] = (path, code, message, more = {}) =>
    void problems.push({
      path: [...path],
      code,
      message,
      severity: more.severity ?? 'error',
      suggestion: more.suggestion ?? null,
      seeAlso: more.seeAlso === undefined ? null : [...more.seeAlso],
      restsOn: (more.restsOn ?? []).map((other) => [...other]),
    });
  return {
    problems,
    add,
    invalid: (path, message, more) => add(path, 'config/invalid-value', message, more),
    unknown: (path, sentence, name, known, more) =>
      add(
        path,
        'config/unknown-reference',
        `${sentence} ${quote(name)}; ${known.length === 0 ? 'none is defined' : `known: ${listWords(known)}`}`,
        { ...more, suggestion: nearest(name, known) },
      ),
  };
}
