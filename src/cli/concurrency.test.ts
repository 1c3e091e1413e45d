import { describe, expect, it } from 'vitest';
import { parseConcurrency } from './concurrency.ts';

describe('--concurrency', () => {
  it('takes a number for all queues but that of backfills, which one runs of at a time', () => {
    expect(parseConcurrency('8')).toEqual({ pull: 8, backfill: 1, compute: 8, report: 8, delivery: 8 });
  });

  it('takes numbers for single queues, and one for the others', () => {
    expect(parseConcurrency('pull=8, backfill=2,3')).toEqual({
      pull: 8,
      backfill: 2,
      compute: 3,
      report: 3,
      delivery: 3,
    });
    expect(parseConcurrency('compute=0,pull=16')).toMatchObject({ compute: 0, pull: 16, report: 4 });
  });

  it.each([
    ['pul=3', 'Did you mean pull?'],
    ['pull=3,pull=4', 'named twice'],
    ['3,4', 'one number without a queue'],
    ['0', 'whole number'],
    ['pull=1001', 'whole number'],
    ['pull=', 'whole number'],
    ['', 'whole number'],
    ['pull=0,backfill=0,compute=0,report=0,delivery=0', 'At least one queue'],
  ])('refuses %s', (text, words) => {
    expect(() => parseConcurrency(text)).toThrow(words);
  });
});
