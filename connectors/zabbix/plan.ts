import { type PullWindow, splitWindow } from '#kit';
import type { Item } from './items.ts';
import { fitsTrends, gridMs, HOUR_MS, type ZabbixStream } from './options.ts';

/** A window is read slice by slice, all items of a slice together: what was read is then complete up to its end. */
const HISTORY_SLICE_MS = 24 * HOUR_MS;
const TRENDS_SLICE_MS = 31 * 24 * HOUR_MS;
const MOST_ITEMS_PER_REQUEST = 100;
/** The housekeeper removes values while we read. */
const MARGIN_MS = 5 * 60_000;

/** Items that one request can read together: of one table, with one border between trends and history. */
export interface Group {
  valueType: number;
  /** Before it trends are read, from it on history. −Infinity: history alone; Infinity: trends alone. */
  historyFromMs: number;
  items: Item[];
}

/**
 * What is read of a window, in whole steps. An interval belongs to the window in which it ends, so that of two windows that
 * touch exactly one has it and those under way are in none. Values as they are belong to the window that holds their time.
 */
export function stepsOf(window: PullWindow, stream: ZabbixStream, nowMs: number): PullWindow {
  const grid = gridMs(stream);
  if (stream.aggregate === 'raw')
    return { fromMs: Math.floor(window.fromMs / grid) * grid, toMs: Math.ceil(window.toMs / grid) * grid };
  return {
    fromMs: Math.floor(window.fromMs / grid) * grid,
    toMs: Math.floor(Math.min(window.toMs, nowMs) / grid) * grid,
  };
}

/** `globalHistoryMs`: what the housekeeping of the whole server says in place of the items; null: nothing. */
export function groupItems(
  items: readonly Item[],
  stream: ZabbixStream,
  nowMs: number,
  globalHistoryMs: number | null,
): Group[] {
  const groups = new Map<string, Group>();
  for (const item of items) {
    const historyFromMs = historyFrom(item, stream, nowMs, globalHistoryMs);
    const key = `${item.valueType}/${historyFromMs}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { valueType: item.valueType, historyFromMs, items: [item] });
    else group.items.push(item);
  }
  return [...groups.values()].flatMap((group) => {
    const batches: Group[] = [];
    for (let first = 0; first < group.items.length; first += MOST_ITEMS_PER_REQUEST)
      batches.push({ ...group, items: group.items.slice(first, first + MOST_ITEMS_PER_REQUEST) });
    return batches;
  });
}

function historyFrom(item: Item, stream: ZabbixStream, nowMs: number, globalHistoryMs: number | null): number {
  if (stream.source === 'trends') return Number.POSITIVE_INFINITY;
  const isNumeric = item.valueType === 0 || item.valueType === 3;
  if (stream.source === 'history' || !fitsTrends(stream) || !item.hasTrends || !isNumeric)
    return Number.NEGATIVE_INFINITY;
  const keptMs = stream.historyFor ?? (item.historyMs === 0 ? 0 : (globalHistoryMs ?? item.historyMs));
  if (keptMs === null) return Number.NEGATIVE_INFINITY;
  if (keptMs === 0) return Number.POSITIVE_INFINITY;
  const grid = gridMs(stream);
  return Math.ceil((nowMs - keptMs + MARGIN_MS) / grid) * grid;
}

/** The slices of what is read, in the order of time. */
export function* slicesOf(steps: PullWindow, groups: readonly Group[], stream: ZabbixStream): Generator<PullWindow> {
  const grid = gridMs(stream);
  const whole = (ms: number): number => Math.ceil(ms / grid) * grid;
  const oldest = Math.min(...groups.map(({ historyFromMs }) => historyFromMs));
  const trendsToMs = Math.min(Math.max(oldest, steps.fromMs), steps.toMs);
  yield* splitWindow({ fromMs: steps.fromMs, toMs: trendsToMs }, whole(TRENDS_SLICE_MS), grid);
  yield* splitWindow({ fromMs: trendsToMs, toMs: steps.toMs }, whole(HISTORY_SLICE_MS), grid);
}
