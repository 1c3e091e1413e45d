import { distance } from 'fastest-levenshtein';
import type { ErrorCode } from '#kit';
import { createRedactor, editDistance, listWords, quote } from '#kit';

export { listWords, quote };

/** One thing that is wrong (or, as a warning, only doubtful) at one place of the YAML. Never holds a secret. */
export interface ConfigProblem {
  /** Relative to the working directory where it lies below it, else absolute. */
  file: string;
  /** 1-based; 0 where no line applies (an unreadable or absent file). */
  line: number;
  column: number;
  /** `connectors.sap.streams.costs.pageSize`, `projects.x.metrics.y.rates[0].amount`; empty for a whole file. */
  path: string;
  message: string;
  /** A near miss: what may have been meant. */
  suggestion: string | null;
  code: ErrorCode;
  /** Errors keep the configuration from being used, warnings do not. */
  severity: 'error' | 'warning';
  /** This line stands for so many that are not shown. Absent: it is about itself. */
  standsFor?: number;
}

/** Where a key or value stands. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

export type PathPart = string | number;

/** Shown of errors, and as many of warnings: a slip in a generated file may make one in each line. */
export const MOST_SHOWN = 1_000;

/** Each mistyped id of a large fleet may be compared with all others; this many take a quarter of a second. */
const MOST_COMPARISONS = 200_000;

/** Values that are looked at again, to find what is hidden behind other problems: a quarter of a second. */
const MOST_LOOKED_AT = 20_000;

type Severity = ConfigProblem['severity'];

/** Collects problems; each is said once, those beyond `MOST_SHOWN` are only counted. */
export class ProblemList {
  readonly #shown = { error: new Map<string, ConfigProblem>(), warning: new Map<string, ConfigProblem>() };
  #comparisons = MOST_COMPARISONS;
  #hasLeftOut = false;
  #looks = MOST_LOOKED_AT;
  readonly #unshown: Record<Severity, { count: number; file: string }> = {
    error: { count: 0, file: '' },
    warning: { count: 0, file: '' },
  };

  add(
    place: Place,
    path: readonly PathPart[],
    code: ErrorCode,
    message: string,
    more: { suggestion?: string | null; severity?: Severity } = {},
  ): void {
    const { suggestion = null, severity = 'error' } = more;
    const shown = this.#shown[severity];
    if (shown.size >= MOST_SHOWN) {
      const unshown = this.#unshown[severity];
      if (unshown.count === 0) unshown.file = place.file;
      unshown.count += 1;
      return;
    }
    const problem: ConfigProblem = { ...place, path: formatPath(path), message, suggestion, code, severity };
    shown.set(formatProblem(problem), problem);
  }

  /** Nothing more that is wrong will be shown: what it costs to find more can be spared. */
  isFull(): boolean {
    return this.#shown.error.size >= MOST_SHOWN;
  }

  /** Something was not checked, as `isFull`: how many errors there are is not known. */
  leaveOut(): void {
    this.#hasLeftOut = true;
  }

  hasErrors(): boolean {
    return this.#shown.error.size > 0;
  }

  /** What may have been meant, as long as not too many words were compared. */
  nearMiss(word: string, candidates: readonly string[]): string | null {
    if (this.#comparisons <= 0) return null;
    this.#comparisons -= candidates.length;
    return nearMiss(word, candidates);
  }

  /** Whether so many values may be looked at once more. */
  affordsLook(values: number): boolean {
    this.#looks -= values;
    return this.#looks >= 0;
  }

  /**
   * By file, line and column; what is only counted stands last. A secret that slipped into a message is masked as a last
   * resort.
   */
  sorted(secrets: Iterable<string>): ConfigProblem[] {
    const redactor = createRedactor(secrets);
    const shown = [...this.#shown.error.values(), ...this.#shown.warning.values()]
      .sort(
        (a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.path, b.path),
      )
      .map((problem) => ({ ...problem, message: redactor.text(problem.message) }));
    return [...shown, ...this.#counted('error'), ...this.#counted('warning')];
  }

  #counted(severity: Severity): ConfigProblem[] {
    const { count, file } = this.#unshown[severity];
    const hasLeftOut = severity === 'error' && this.#hasLeftOut;
    if (count === 0 && !hasLeftOut) return [];
    const what = count === 1 ? severity : `${severity}s`;
    const many = `${hasLeftOut ? 'at least ' : ''}${count.toLocaleString('en')} more ${what}, which are not shown`;
    const message = count === 0 ? 'what follows these errors was not checked' : `and ${many}`;
    const place = {
      file: file || ([...this.#shown[severity].values()].at(-1)?.file ?? ''),
      line: 0,
      column: 0,
      path: '',
    };
    return [{ ...place, message, suggestion: null, code: 'config/invalid-value', severity, standsFor: count }];
  }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `a.b[2]`; a part that is no plain word is quoted. */
export function formatPath(path: readonly PathPart[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w/-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${quote(part)}]`;
  }
  return text;
}

/** `file:line:column path: message (did you mean …?)`, on one line. */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const path = problem.path === '' ? '' : ` ${problem.path}`;
  const severity = problem.severity === 'warning' ? ' warning' : '';
  const suggestion = problem.suggestion === null ? '' : ` (did you mean ${quote(problem.suggestion)}?)`;
  return `${place}${severity}${path}: ${problem.message}${suggestion}`;
}

/** The candidate that differs by a typo or two, or by case alone; null when none is near. */
export function nearMiss(word: string, candidates: readonly string[]): string | null {
  if (word.length > 100) return null;
  const lower = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1;
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const other = candidate.toLowerCase();
    // The quick one counts two letters that changed places as two edits, so it never halves the true distance.
    if (distance(lower, other) >= 2 * bestDistance) continue;
    const found = editDistance(lower, other);
    if (found < bestDistance) [best, bestDistance] = [candidate, found];
  }
  return best;
}
