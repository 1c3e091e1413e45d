import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { table } from '#src/cli/table';

const plain = pc.createColors(false);
const columns = [
  { head: 'job' },
  { head: 'tries', align: 'right' as const, optional: 1 },
  { head: 'about', wraps: true },
];
const rows = [
  { cells: ['0d6f3a21', '1', 'sap.project-costs of the rollout in all warehouses'], note: undefined },
  {
    cells: ['77aa0c3e', '12', 'shop'],
    note: 'source/unreachable: connector shop: 127.0.0.1:9090 refused the connection',
  },
];

describe('a table', () => {
  it('that a program reads is never broken, and has no space at the end of a line', () => {
    const lines = table({ color: plain, columns: null }, columns, rows).split('\n');
    expect(lines).toEqual([
      'job       tries  about',
      '0d6f3a21      1  sap.project-costs of the rollout in all warehouses',
      '77aa0c3e     12  shop',
      '  source/unreachable: connector shop: 127.0.0.1:9090 refused the connection',
    ]);
  });

  it('keeps its columns together beside a long note, also when the last one stands on the right', () => {
    const ages = [{ head: 'job' }, { head: 'age', align: 'right' as const }];
    const text = table({ color: plain, columns: 100 }, ages, [
      { cells: ['0d6f3a21', '8s'], note: `waits: ${'x'.repeat(60)}` },
    ]);
    expect(text.split('\n').slice(0, 2)).toEqual(['job       age', '0d6f3a21   8s']);
  });

  it.each([30, 40, 60, 80])('fits a terminal of %i columns and loses no word', (width) => {
    const text = table({ color: plain, columns: width }, columns, rows);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
    for (const word of ['sap.project-costs', 'warehouses', 'shop', 'refused', 'connection'])
      expect(text).toContain(word);
  });

  it('leaves out what is optional only where there is no room', () => {
    expect(table({ color: plain, columns: 30 }, columns, rows)).not.toContain('tries');
    expect(table({ color: plain, columns: 60 }, columns, rows)).toContain('tries');
  });

  it('stays aligned when cells are coloured or hold wide characters', () => {
    const coloured = table(
      { color: pc.createColors(true), columns: null },
      [{ head: 'a' }, { head: 'b' }],
      [
        ['\u001b[32mok\u001b[39m', 'x'],
        ['東京', 'y'],
      ],
    );
    const lines = coloured.replace(/\u001b\[\d+m/g, '').split('\n');
    expect(lines).toEqual(['a     b', 'ok    x', '東京  y']);
  });

  it('shows what is missing as a dash', () => {
    expect(table({ color: plain, columns: null }, [{ head: 'a' }, { head: 'b' }], [[null, 'x']])).toBe('a  b\n–  x');
  });
});
