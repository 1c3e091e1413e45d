import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { problemText } from '#src/cli/problem-text';
import type { ConfigProblem } from '#src/main/configuration';

const problem: ConfigProblem = {
  file: 'config/checkout.yaml',
  line: 31,
  column: 20,
  path: 'projects.checkout.metrics.failures.rates[1].from',
  message: 'starts on 2026-12-31, but overlaps rates[0], which holds from 2026-01-01 until 2027-01-01; see line 30',
  suggestion: null,
  code: 'config/invalid-value',
  severity: 'error',
};
const text = (columns: number | null, changes: Partial<ConfigProblem> = {}): string =>
  problemText({ color: pc.createColors(false), columns }, { ...problem, ...changes });

describe('a problem of the configuration', () => {
  it('is one line where no terminal reads it', () => {
    expect(text(null)).toBe(
      'config/checkout.yaml:31:20 error projects.checkout.metrics.failures.rates[1].from: starts on 2026-12-31, but overlaps rates[0], which holds from 2026-01-01 until 2027-01-01; see line 30',
    );
  });
  it('stands below its place on a terminal that it does not fit, broken between words', () => {
    expect(text(80).split('\n')).toEqual([
      'config/checkout.yaml:31:20 error projects.checkout.metrics.failures.rates[1].from',
      '    starts on 2026-12-31, but overlaps rates[0], which holds from 2026-01-01',
      '    until 2027-01-01; see line 30',
    ]);
  });
  it('is one line where it fits, and keeps what was probably meant', () => {
    const short = { path: 'fx', message: 'unknown key "fxx"', suggestion: 'fx', severity: 'warning' } as const;
    expect(text(100, short)).toBe('config/checkout.yaml:31:20 warning fx: unknown key "fxx" (did you mean "fx"?)');
    expect(text(100, { ...short, line: 0, path: '' })).toBe(
      'config/checkout.yaml warning unknown key "fxx" (did you mean "fx"?)',
    );
  });
});
