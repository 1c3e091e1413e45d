import type { ErrorCode } from '../errors.ts';

export type ProblemPath = readonly (string | number)[];

/** One thing that is wrong (or, as a warning, doubtful) with a project that fits its schema. */
export interface ProjectProblem {
  /** Leads from the project to the value: `['metrics', 'failures', 'rates', 1, 'from']`. */
  path: (string | number)[];
  code: ErrorCode;
  /** Says what is wrong and, where it is not plain, how to mend it; fits after `path: `. */
  message: string;
  /** Errors keep the project from being used, warnings do not. */
  severity: 'error' | 'warning';
  /** What may have been meant, where a name is unknown. */
  suggestion: string | null;
}

/** Collects the problems of one project. */
export interface ProblemCollector {
  add(
    path: ProblemPath,
    code: ErrorCode,
    message: string,
    more?: { severity?: 'error' | 'warning'; suggestion?: string | null },
  ): void;
}

export function createCollector(): ProblemCollector & { problems: ProjectProblem[] } {
  const problems: ProjectProblem[] = [];
  return {
    problems,
    add(path, code, message, more = {}) {
      problems.push({
        path: [...path],
        code,
        message,
        severity: more.severity ?? 'error',
        suggestion: more.suggestion ?? null,
      });
    },
  };
}
