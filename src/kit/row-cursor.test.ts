import { describe, expect, it } from 'vitest';
import type { ParsedPage } from './connector.ts';
import { allOf } from './row-cursor.ts';

const page = (sourceKeys: string[]): ParsedPage => ({
  measurements: [],
  costs: sourceKeys.map((sourceKey) => ({ sourceKey }) as ParsedPage['costs'][number]),
  warnings: [],
});

describe('a stream whose every pull reads all', () => {
  it('says that its lines are all there are, so that deleted ones are withdrawn', () => {
    expect(allOf(page(['1']), { cursor: 'none' }).complete).toEqual([{ sourceKeyPrefix: '' }]);
  });
  it('withdraws nothing for an empty answer, nor where a window is read', () => {
    expect(allOf(page([]), { cursor: 'none' }).complete).toBeUndefined();
    expect(allOf(page(['1']), { cursor: 'changed' }).complete).toBeUndefined();
    expect(allOf(page(['1']), { cursor: { field: 'date', type: 'date' } }).complete).toBeUndefined();
  });
});
