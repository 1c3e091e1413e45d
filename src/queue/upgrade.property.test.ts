import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AnyJobKind, defineJob } from '#kit';
import { argumentsToRun } from './intents.ts';

const seeded = { seed: 20261123, numRuns: 100 };
const newest = fc.integer({ min: 1, max: 8 });

/** A kind whose arguments gained one step with each version, and tell which steps they took. */
function kindOf(version: number, missing: number | null = null): AnyJobKind {
  const upgrade: Record<number, (args: unknown) => unknown> = {};
  for (let from = 1; from < version; from += 1)
    if (from !== missing)
      upgrade[from] = (args) => ({ steps: [...(args as { steps: number[] }).steps, from], at: from + 1 });
  return defineJob({
    kind: 'probe',
    version,
    queue: 'compute',
    args: z.strictObject({ steps: z.array(z.number()), at: z.literal(version) }),
    upgrade,
    attempts: 1,
    backoff: { baseMs: 1, capMs: 1 },
    timeoutMs: 1,
    dedupeKey: () => null,
    run: async () => null,
  });
}

describe('arguments of any older version', () => {
  it('take each step between it and the newest once, in order, and are checked by the newest schema', () => {
    fc.assert(
      fc.property(newest, newest, (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const args = argumentsToRun(kindOf(to), from, { steps: [], at: from });
        expect(args).toEqual({ steps: Array.from({ length: to - from }, (_step, index) => from + index), at: to });
      }),
      seeded,
    );
  });

  it('upgraded in two releases are what they would be in one', () => {
    fc.assert(
      fc.property(newest, newest, newest, (a, b, c) => {
        const [from, between, to] = [a, b, c].sort((x, y) => x - y) as [number, number, number];
        const stored = { steps: [], at: from };
        const halfway = argumentsToRun(kindOf(between), from, stored);
        expect(argumentsToRun(kindOf(to), between, halfway)).toEqual(argumentsToRun(kindOf(to), from, stored));
        expect(stored).toEqual({ steps: [], at: from });
      }),
      seeded,
    );
  });

  it('are refused where a step is missing on the way, and only there', () => {
    fc.assert(
      fc.property(newest, newest, newest, (a, b, missing) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const upgraded = () => argumentsToRun(kindOf(to, missing), from, { steps: [], at: from });
        if (missing >= from && missing < to)
          expect(upgraded).toThrow(expect.objectContaining({ code: 'queue/invalid-arguments' }));
        else expect(upgraded).not.toThrow();
      }),
      seeded,
    );
  });
});
