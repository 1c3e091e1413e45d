import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FetchPurpose } from '#kit';
import { createLocalBudgets } from '#src/fetch/index';
import { budget } from '../factories/budget.ts';

const seeded = { seed: 20260701, numRuns: 150 };

interface Step {
  /** Passes before it. */
  afterMs: number;
  process: number;
  purpose: FetchPurpose;
  /** From the grant until the source has it, and until it is over; null: the process dies. */
  travelMs: number;
  takesMs: number | null;
}
const steps = fc.array(
  fc.record<Step>({
    afterMs: fc.integer({ min: 0, max: 9_000 }),
    process: fc.integer({ min: 0, max: 3 }),
    purpose: fc.constantFrom('live', 'backfill'),
    travelMs: fc.integer({ min: 0, max: 5_000 }),
    takesMs: fc.option(fc.integer({ min: 0, max: 20_000 }), { freq: 10 }),
  }),
  { minLength: 20, maxLength: 120 },
);
const LEASE_MS = 45_000;

describe('budgets under any order of asking, answering and dying', () => {
  it('never let more begin at the source in any 60 seconds, run at once, or count in a day than allowed', async () => {
    const limited = fc.record({
      requestsPerMinute: fc.integer({ min: 1, max: 8 }),
      concurrency: fc.integer({ min: 1, max: 4 }),
      requestsPerDay: fc.integer({ min: 5, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(limited, steps, async (changes, plan) => {
        let nowMs = Date.parse('2026-11-23T00:00:00Z');
        const ledger = createLocalBudgets({ nowMs: () => nowMs });
        const limits = budget(changes);
        const arrivalsMs: number[] = [];
        let running: { leaseId: string; grantedAtMs: number; travelMs: number; endsAtMs: number; dies: boolean }[] = [];
        const advance = async (toMs: number): Promise<void> => {
          for (const each of [...running].sort((a, b) => a.endsAtMs - b.endsAtMs)) {
            if (each.endsAtMs > toMs) break;
            nowMs = each.endsAtMs;
            running = running.filter((other) => other !== each);
            const begunWithinMs = each.travelMs;
            if (!each.dies) await ledger.release(limits, each.leaseId, { sent: true, begunWithinMs, signal: null });
          }
          nowMs = toMs;
        };
        for (const [index, step] of plan.entries()) {
          await advance(nowMs + step.afterMs);
          const queue = { id: `p${step.process}`, live: 0, backfill: 0, [step.purpose]: 1 };
          const leaseId = `${index}`;
          const { purpose, travelMs } = step;
          const answer = await ledger.claim({ limits, purpose, leaseId, leaseMs: LEASE_MS, queue, waitedMs: 0 });
          if (!answer.granted) continue;
          arrivalsMs.push(nowMs + travelMs);
          // What a dead process has sent may still run until its lease is over.
          const endsAtMs = nowMs + (step.takesMs === null ? LEASE_MS : travelMs + step.takesMs);
          running.push({ leaseId, grantedAtMs: nowMs, travelMs, endsAtMs, dies: step.takesMs === null });
          expect(running.length).toBeLessThanOrEqual(limits.concurrency);
        }
        arrivalsMs.sort((a, b) => a - b);
        for (const [index, atMs] of arrivalsMs.entries()) {
          const inWindow = arrivalsMs.slice(index).filter((other) => other < atMs + 60_000).length;
          expect(inWindow).toBeLessThanOrEqual(changes.requestsPerMinute);
        }
        expect(arrivalsMs.length).toBeLessThanOrEqual(changes.requestsPerDay);
      }),
      seeded,
    );
  });
});
