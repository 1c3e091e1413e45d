import {
  byKeyAlone,
  eachPage,
  firstInstantOf,
  fromTheBeginning,
  type HttpRequest,
  type KeysetStep,
  localDateRange,
  localDateTimeMs,
  localDateTimeOf,
  nextKeysetStep,
  PermanentError,
  type PullContext,
  type PullWindow,
  type RawPage,
  RowCheckpoint,
  rawPage,
} from '#kit';
import { fieldsOf } from './answer.ts';
import type { ErpnextOptions, ErpnextStream } from './options.ts';
import { listRequest, readList } from './requests.ts';

/** Names that one request may exclude: they stand in its address, which proxies limit to some thousand characters. */
const MOST_EXCEPT = 20;
const HOUR_MS = 3_600_000;

/** The field that the window limits, and the window in its form. */
interface Order {
  field: string | null;
  from: string;
  before: string;
}

function orderOf(stream: ErpnextStream, window: PullWindow, timeZone: string): Order {
  if (stream.cursor === 'none') return { field: null, from: '', before: '' };
  if (stream.cursor !== 'changed' && stream.cursor.type === 'date')
    return { field: stream.cursor.field, ...localDateRange(window, timeZone) };
  const local = (epochMs: number): string => localDateTimeOf(epochMs, timeZone).replace('T', ' ');
  const field = stream.cursor === 'changed' ? 'modified' : stream.cursor.field;
  // Clocks that go back within an hour of an end of the window show an hour twice: read both, a row that comes twice does no
  // harm.
  const shiftMs = (epochMs: number): number => Date.parse(`${localDateTimeOf(epochMs, timeZone)}Z`) - epochMs;
  const goesBack = (epochMs: number): boolean => shiftMs(epochMs - HOUR_MS) > shiftMs(epochMs + HOUR_MS);
  const { fromMs, toMs } = window;
  const before = local(toMs);
  return {
    field,
    from: local(goesBack(fromMs) ? fromMs - HOUR_MS : fromMs),
    before: goesBack(toMs) ? later(before, local(toMs + HOUR_MS)) : before,
  };
}

/**
 * A cursor as it came, as the first instant that it can mean; null where the clocks of the site never showed it: the time zone
 * is then another one.
 */
function cursorMs({ cursor }: ErpnextStream, at: string, timeZone: string): number | null {
  try {
    if (typeof cursor !== 'string' && cursor.type === 'date') return firstInstantOf(at, timeZone);
    const dateTime = at.replace(' ', 'T');
    const epochMs = localDateTimeMs(dateTime, timeZone);
    return localDateTimeOf(epochMs, timeZone).slice(0, 19) === dateTime.slice(0, 19) ? epochMs : null;
  } catch {
    return null;
  }
}
const later = (left: string, right: string): string => (left > right ? left : right);

/** Conditions of one step; all are joined by `and`, Frappe's lists know no other. */
function conditionsOf(step: KeysetStep, { field, from, before }: Order): unknown[][] {
  const except = step.except.length === 0 ? [] : [['name', 'not in', [...step.except]]];
  const beyond = step.kind === 'within' && step.after !== null ? [['name', '>', step.after]] : [];
  if (field === null) return beyond;
  if (step.kind === 'within') return [[field, '=', step.at], ...beyond];
  const begin = step.at === null ? [field, '>=', from] : [field, step.isAbove ? '>' : '>=', step.at];
  return [begin, [field, '<', before], ...except];
}

/** The request of one page. */
export function pageRequest(
  options: ErpnextOptions,
  stream: ErpnextStream,
  { field, conditions }: { field: string | null; conditions: readonly (readonly unknown[])[] },
): HttpRequest {
  return listRequest(options, {
    doctype: stream.doctype,
    parentDoctype: stream.parentDoctype,
    fields: [...new Set(['name', ...(field === null ? [] : [field]), ...fieldsOf(stream)])],
    filters: [...stream.filters, ...conditions],
    orderBy: field === null ? 'name asc' : `${field} asc, name asc`,
    limit: stream.pageSize,
  });
}

/**
 * Pages of a DocType by key, `modified` and `name`: an offset repeats and loses rows that are changed meanwhile. Frappe keeps
 * microseconds and sends them, so a page goes on exactly where the one before ended. v2 says when there is no more, v1 an
 * empty page.
 */
export async function* pullPages(ctx: PullContext<ErpnextOptions, ErpnextStream>): AsyncIterable<RawPage> {
  const { options, stream, streamId } = ctx;
  const order = orderOf(stream, ctx.window, options.timeZone);
  const { field } = order;
  const ask = (step: KeysetStep): HttpRequest =>
    pageRequest(options, stream, { field, conditions: conditionsOf(step, order) });
  const checkpoint = new RowCheckpoint(ctx.window);
  let step: KeysetStep | null = field === null ? byKeyAlone : fromTheBeginning;
  const next = (): HttpRequest | null => (step === null ? null : ask(step));
  for await (const answered of eachPage(ctx.http, ask(step), next, ctx)) {
    if (step === null) return;
    const { rows, hasMore } = readList(answered.response.json(), `stream ${streamId}, DocType ${stream.doctype}`);
    const keys = rows.map((row) => {
      const at = field === null ? '' : row[field];
      const { name } = row;
      if (typeof at === 'string' && (typeof name === 'string' || typeof name === 'number'))
        return { at, key: String(name) };
      throw new PermanentError(
        'source/bad-shape',
        `stream ${streamId}: a row comes without name or ${field ?? 'name'}`,
        {
          hint: 'The stream is read in the order of cursor and name: check cursor.',
        },
      );
    });
    step = nextKeysetStep(step, keys, { mostExcept: MOST_EXCEPT, isExact: true, hasMore });
    const times = keys.map(({ at }) => cursorMs(stream, at, options.timeZone));
    yield rawPage(answered, {}, field === null ? undefined : checkpoint.after(times));
  }
}
