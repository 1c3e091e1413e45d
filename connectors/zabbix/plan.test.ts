import { describe, expect, it } from 'vitest';
import { type Item, retentionMs } from './items.ts';
import { HOUR_MS, zabbixStream } from './options.ts';
import { groupItems, slicesOf, stepsOf } from './plan.ts';

const DAY_MS = 24 * HOUR_MS;
const nowMs = Date.UTC(2026, 5, 30, 12, 20);
const item = (id: string, changes: Partial<Item> = {}): Item => ({
  ...{ id, host: 'h', hostName: 'H', key: id, name: id, units: '', valueType: 0, tags: new Map<string, string>() },
  ...{ historyMs: 7 * DAY_MS, hasTrends: true },
  ...changes,
});
const stream = (changes: Record<string, unknown> = {}) =>
  zabbixStream.parse({ key: 'k', aggregate: 'avg', step: '1h', unit: 's', ...changes });
const border = (one: Item, changes: Record<string, unknown> = {}, globalMs: number | null = null) =>
  groupItems([one], stream(changes), nowMs, globalMs)[0]?.historyFromMs;

describe('where trends end and history begins', () => {
  it('is the first whole step that history still has', () => {
    expect(border(item('1'))).toBe(Date.UTC(2026, 5, 23, 13));
    expect(border(item('1'), { step: '1d' })).toBe(Date.UTC(2026, 5, 24));
  });
  it('is what the global housekeeping says in place of the item, and what the stream says above both', () => {
    expect(border(item('1'), {}, 2 * DAY_MS)).toBe(Date.UTC(2026, 5, 28, 13));
    expect(border(item('1'), { historyFor: '1d' }, 2 * DAY_MS)).toBe(Date.UTC(2026, 5, 29, 13));
    expect(border(item('1', { historyMs: null }), { historyFor: '1d' })).toBe(Date.UTC(2026, 5, 29, 13));
  });
  it.each([
    ['the retention is a macro', item('1', { historyMs: null }), {}],
    ['the item has no trends', item('1', { hasTrends: false }), {}],
    ['the item is text', item('1', { valueType: 4 }), { aggregate: 'count' }],
    ['steps are less than hours', item('1'), { step: '5m' }],
    ['the last value is wanted', item('1'), { aggregate: 'last' }],
    ['the stream says so', item('1'), { source: 'history' }],
  ])('is nowhere when %s: history alone', (_, one, changes) => {
    expect(border(one, changes)).toBe(Number.NEGATIVE_INFINITY);
  });
  it.each([
    ['the item keeps no history', item('1', { historyMs: 0 }), {}],
    ['the stream says so', item('1'), { source: 'trends' }],
  ])('is nowhere when %s: trends alone', (_, one, changes) => {
    expect(border(one, changes)).toBe(Number.POSITIVE_INFINITY);
  });
});

it('items of one table and one border are read together, at most a hundred at a time', () => {
  const items = Array.from({ length: 130 }, (_, index) => item(String(index)));
  items.push(item('unsigned', { valueType: 3 }), item('short', { historyMs: DAY_MS }));
  expect(groupItems(items, stream(), nowMs, null).map((group) => group.items.length)).toEqual([100, 30, 1, 1]);
});

it('slices touch, share nothing and end at whole steps', () => {
  const own = stream();
  const window = { fromMs: Date.UTC(2026, 2, 1, 0, 30), toMs: nowMs };
  const steps = stepsOf(window, own, nowMs);
  const slices = [...slicesOf(steps, groupItems([item('1')], own, nowMs, null), own)];
  expect(slices[0]?.fromMs).toBe(Date.UTC(2026, 2, 1));
  expect(slices.at(-1)?.toMs).toBe(Date.UTC(2026, 5, 30, 12));
  for (const [index, slice] of slices.entries()) {
    expect(slice.toMs % HOUR_MS).toBe(0);
    if (index > 0) expect(slice.fromMs).toBe(slices[index - 1]?.toMs);
  }
});

it.each([
  ['7d', 7 * DAY_MS],
  ['1w', 7 * DAY_MS],
  ['3600', HOUR_MS],
  ['0', 0],
  ['{$HISTORY}', null],
])('a retention of %s', (written, ms) => {
  expect(retentionMs(written)).toBe(ms);
});
