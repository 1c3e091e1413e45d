import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { badShapeWith, exactPageJson, pageJson, pageMeta } from './page-shape.ts';

const badShape = badShapeWith('Check url.');
const shape = z.object({ stepMs: z.number(), sample: z.enum(['interval', 'instant']) });

describe('an archived page', () => {
  it('that is not JSON is told with the usual hint of its kind', () => {
    expect(pageJson('{"a":1}', 'stream s', badShape)).toEqual({ a: 1 });
    expect(() => pageJson('<html>', 'stream s', badShape)).toThrow(
      expect.objectContaining({
        code: 'source/bad-shape',
        message: 'stream s: the page is not JSON',
        hint: 'Check url.',
      }),
    );
    expect(badShape('x', 'A better one.').hint).toBe('A better one.');
  });

  it('keeps every digit where amounts are read, and is refused when it breaks off', () => {
    expect(exactPageJson('{"amount":0.1000000000000000055}', 'stream s')).toEqual({ amount: '0.1000000000000000055' });
    expect(() => exactPageJson('{"amount":0.1', 'stream s')).toThrow('stream s: the page is not whole JSON');
  });

  it('names what lacks beside its body', () => {
    expect(pageMeta({ stepMs: 1, sample: 'instant', other: 1 }, shape, 'stream s', badShape)).toEqual({
      stepMs: 1,
      sample: 'instant',
    });
    expect(() => pageMeta({ stepMs: '1' }, shape, 'stream s', badShape)).toThrow(
      'stream s: the archived page lacks stepMs, sample',
    );
  });
});
