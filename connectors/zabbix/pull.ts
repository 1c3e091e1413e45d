import { asRecord, OutturnError, PermanentError, type PullContext, type PullWindow, type RawPage, rawPage } from '#kit';
import { type Answer, type Api, connectApi, rowsOf } from './api.ts';
import { findItems, type Item, labelsOf, retentionMs } from './items.ts';
import { fitsTrends, gridMs, HOUR_MS, type ZabbixOptions, type ZabbixStream } from './options.ts';
import { type Group, groupItems, slicesOf, stepsOf } from './plan.ts';
import { assertUnits } from './units.ts';

/** Values of one item in one step beyond which the step is taken to be too long. */
const MOST_ROWS = 1_000_000;

/** What `pull` archives beside the body. */
export interface PageMeta {
  source: 'history' | 'trends';
  /** What of the page counts, half-open: the rest was cut off by the limit and comes again with the next page. */
  fromMs: number;
  toMs: number;
  stepMs: number;
  /** Labels of each item by its id. */
  items: Record<string, Record<string, string>>;
}

type Context = PullContext<ZabbixOptions, ZabbixStream>;
interface Reading {
  api: Api;
  ctx: Context;
  labels: Map<string, Record<string, string>>;
}

export async function* pullValues(ctx: Context): AsyncGenerator<RawPage> {
  const { http, stream, streamId, window, signal } = ctx;
  const steps = stepsOf(window, stream, ctx.nowMs());
  if (steps.fromMs >= steps.toMs) return;
  const api = await connectApi(http, `stream ${streamId}`);
  const items = await findItems(api, stream, streamId);
  assertUnits(items, stream, streamId);
  const reading: Reading = { api, ctx, labels: labelsOf(items, stream, streamId) };
  const asksHousekeeping = stream.source === 'auto' && stream.historyFor === undefined && fitsTrends(stream);
  const globalHistoryMs = asksHousekeeping ? await globalRetentionMs(api) : null;
  const groups = groupItems(items, stream, ctx.nowMs(), globalHistoryMs);
  for (const slice of slicesOf(steps, groups, stream)) {
    let held: RawPage | null = null;
    for (const group of groups) {
      for await (const page of pagesOf(reading, group, slice)) {
        signal.throwIfAborted();
        if (held !== null) yield held;
        held = page;
      }
    }
    if (held !== null) yield { ...held, completeToMs: Math.min(slice.toMs, window.toMs) };
  }
}

/** How long the server keeps history whatever the items say; null: it does not, or the user may not know. */
export async function globalRetentionMs(api: Api): Promise<number | null> {
  try {
    const { result } = await api.call('housekeeping.get', { output: ['hk_history_global', 'hk_history'] });
    const settings = asRecord(result);
    const kept = settings?.['hk_history'];
    return settings?.['hk_history_global'] === '1' && typeof kept === 'string' ? retentionMs(kept) : null;
  } catch (thrown) {
    // A role may forbid it, and Zabbix before 5.2 has no such method.
    const codes = ['source/forbidden', 'source/bad-request'];
    if (thrown instanceof OutturnError && codes.includes(thrown.code)) return null;
    throw thrown;
  }
}

async function* pagesOf(reading: Reading, group: Group, slice: PullWindow): AsyncGenerator<RawPage> {
  const borderMs = Math.min(Math.max(group.historyFromMs, slice.fromMs), slice.toMs);
  yield* trendPages(reading, group.items, { fromMs: slice.fromMs, toMs: borderMs });
  yield* historyPages(reading, group, { fromMs: borderMs, toMs: slice.toMs });
}

/** Trends cannot be sorted nor cut off; there is at most one row for an item and hour. */
async function* trendPages(reading: Reading, items: readonly Item[], span: PullWindow): AsyncGenerator<RawPage> {
  const { api, ctx } = reading;
  const grid = gridMs(ctx.stream);
  const hours = Math.floor(ctx.stream.rowsPerRequest / items.length);
  const pieceMs = Math.max(1, Math.floor((hours * HOUR_MS) / grid)) * grid;
  for (let fromMs = span.fromMs; fromMs < span.toMs; fromMs += pieceMs) {
    const toMs = Math.min(fromMs + pieceMs, span.toMs);
    const answer = await api.call('trend.get', {
      output: ['itemid', 'clock', 'num', 'value_min', 'value_avg', 'value_max'],
      itemids: items.map(({ id }) => id),
      ...bounds({ fromMs, toMs }),
    });
    rowsOf(answer.result, `stream ${ctx.streamId}: trend.get`);
    yield pageOf(reading, items, answer, { source: 'trends', fromMs, toMs });
  }
}

/**
 * There is no offset: pages follow each other by time. An answer with as many rows as were asked for may have been cut off
 * within a second or step; what lies before that step is whole, and the next page begins with it.
 */
async function* historyPages(reading: Reading, group: Group, span: PullWindow): AsyncGenerator<RawPage> {
  const { api, ctx } = reading;
  const place = `stream ${ctx.streamId}: history.get`;
  const grid = gridMs(ctx.stream);
  let limit = ctx.stream.rowsPerRequest;
  for (let fromMs = span.fromMs; fromMs < span.toMs; ) {
    const answer = await api.call('history.get', {
      output: ctx.stream.aggregate === 'count' ? ['itemid', 'clock', 'ns'] : ['itemid', 'clock', 'ns', 'value'],
      // Absent, it would be 3: the table of unsigned numbers alone.
      history: group.valueType,
      itemids: group.items.map(({ id }) => id),
      ...bounds({ fromMs, toMs: span.toMs }),
      sortfield: 'clock',
      sortorder: 'ASC',
      limit,
    });
    const rows = rowsOf(answer.result, place);
    const toMs = rows.length < limit ? span.toMs : Math.floor(lastClockMs(rows, place) / grid) * grid;
    if (toMs > fromMs) {
      yield pageOf(reading, group.items, answer, { source: 'history', fromMs, toMs: Math.min(toMs, span.toMs) });
      fromMs = toMs;
      continue;
    }
    if (limit >= MOST_ROWS)
      throw new PermanentError('source/too-large', `${place}: more than ${limit} values in one step`, {
        hint: 'Make step shorter, name fewer items, or read trends (source: trends).',
      });
    limit = Math.min(limit * 4, MOST_ROWS);
  }
}

function lastClockMs(rows: readonly unknown[], place: string): number {
  const clock = asRecord(rows.at(-1))?.['clock'];
  const seconds = typeof clock === 'string' && /^\d{1,11}$/.test(clock) ? Number(clock) : clock;
  if (typeof seconds === 'number' && Number.isSafeInteger(seconds)) return seconds * 1000;
  throw new PermanentError('source/bad-shape', `${place}: the last row has no clock`);
}

/** Whole seconds, both ends inclusive: the last second is the one before the end. */
const bounds = ({ fromMs, toMs }: PullWindow) => ({ time_from: fromMs / 1000, time_till: toMs / 1000 - 1 });

function pageOf(
  { ctx, labels }: Reading,
  items: readonly Item[],
  { response }: Answer,
  what: Pick<PageMeta, 'source' | 'fromMs' | 'toMs'>,
): RawPage {
  const isRaw = ctx.stream.aggregate === 'raw';
  const meta: PageMeta = {
    ...what,
    // Values as they are belong to the window to the millisecond.
    ...(isRaw ? { fromMs: Math.max(what.fromMs, ctx.window.fromMs), toMs: Math.min(what.toMs, ctx.window.toMs) } : {}),
    stepMs: ctx.stream.step ?? 0,
    items: Object.fromEntries(items.map(({ id }) => [id, labels.get(id) ?? {}])),
  };
  return rawPage({ request: { method: 'POST' }, response }, { ...meta });
}
