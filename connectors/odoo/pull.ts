import {
  byKeyAlone,
  eachPage,
  firstInstantOf,
  fromTheBeginning,
  type HttpRequest,
  type KeysetStep,
  localDateRange,
  nextDate,
  nextKeysetStep,
  PermanentError,
  type PullContext,
  type PullWindow,
  type RawPage,
  RowCheckpoint,
  rawPage,
  zoneOfRows,
} from '#kit';
import { fieldsOf, recordsOf } from './answer.ts';
import type { OdooOptions, OdooStream } from './options.ts';
import { type OdooClient, openClient } from './rpc.ts';

/** Ids that one request may exclude: they stand in its body. */
const MOST_EXCEPT = 2_000;
const SECOND_MS = 1_000;

/** Odoo's own form: UTC without saying so, whole seconds. */
const dateTimeText = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');

/** The field that the window limits, how a value of it is followed by the next, and the window in its form. */
interface Order {
  field: string | null;
  from: string;
  before: string;
  isDate: boolean;
}

function orderOf(stream: OdooStream, window: PullWindow): Order {
  if (stream.cursor === 'none') return { field: null, from: '', before: '', isDate: false };
  if (stream.cursor !== 'changed' && stream.cursor.type === 'date')
    return { field: stream.cursor.field, ...localDateRange(window, zoneOfRows(stream)), isDate: true };
  const field = stream.cursor === 'changed' ? 'write_date' : stream.cursor.field;
  // Odoo drops what is finer than seconds: both ends are floored, so that windows that touch share no second and lose none.
  return { field, from: dateTimeText(window.fromMs), before: dateTimeText(window.toMs), isDate: false };
}

/** What Odoo shows of a date-time; a fraction that it would hide is cut off. */
const epochMs = (at: string): number => Date.parse(`${at.replace(' ', 'T')}Z`);

const after = (at: string, isDate: boolean): string => (isDate ? nextDate(at) : dateTimeText(epochMs(at) + SECOND_MS));

/**
 * Conditions of one step. Times are stored with microseconds and shown in seconds: `=` finds nothing, and `>` would find rows
 * of the same second again. So a page begins with the second in which the one before it ended, without what was read of it.
 */
function conditionsOf(step: KeysetStep, { field, from, before, isDate }: Order): unknown[] {
  const except = step.except.length === 0 ? [] : [['id', 'not in', step.except.map(Number)]];
  if (step.kind === 'from') {
    if (field === null) return except;
    const begin = step.at === null ? from : step.isAbove ? after(step.at, isDate) : step.at;
    return [[field, '>=', begin], [field, '<', before], ...except];
  }
  const beyond = step.after === null ? [] : [['id', '>', Number(step.after)]];
  if (field === null || step.at === null) return beyond;
  return [[field, '>=', step.at], [field, '<', after(step.at, isDate)], ...beyond, ...except];
}

/** The request of one page. */
export function pageRequest(
  client: OdooClient,
  stream: OdooStream,
  { field, conditions, byId }: { field: string | null; conditions: readonly unknown[]; byId: boolean },
): HttpRequest {
  return client.request(stream.model, 'search_read', {
    domain: [...stream.domain, ...conditions],
    fields: [...new Set(['id', ...(field === null ? [] : [field]), ...fieldsOf(stream)])],
    order: byId || field === null ? 'id' : `${field},id`,
    limit: stream.pageSize,
    ...(stream.archived ? { context: { active_test: false } } : {}),
  });
}

/**
 * Pages of a model by key. Each call is a transaction of its own, so an offset would repeat rows and lose others. A record
 * that is changed meanwhile moves beyond the window and comes with the next. Only an empty page is the last.
 */
export async function* pullPages(ctx: PullContext<OdooOptions, OdooStream>): AsyncIterable<RawPage> {
  const { options, stream, streamId } = ctx;
  const order = orderOf(stream, ctx.window);
  const { field } = order;
  if (field !== null && order.from >= order.before) return;
  const client = await openClient(ctx);
  const ask = (step: KeysetStep): HttpRequest =>
    pageRequest(client, stream, { field, conditions: conditionsOf(step, order), byId: step.kind === 'within' });
  const checkpoint = new RowCheckpoint(ctx.window);
  const timeMs = (at: string): number => (order.isDate ? firstInstantOf(at, zoneOfRows(stream)) : epochMs(at));
  let step: KeysetStep | null = field === null ? byKeyAlone : fromTheBeginning;
  const first = ask(step);
  const next = (): HttpRequest | null => (step === null ? null : ask(step));
  for await (const answered of eachPage(ctx.http, first, next, ctx)) {
    if (step === null) return;
    const records = recordsOf(answered.response.json(), options.api, `stream ${streamId}, model ${stream.model}`);
    const rows = records.map((record) => {
      const at = field === null ? '' : record[field];
      if (typeof record['id'] === 'number' && typeof at === 'string') return { at, key: String(record['id']) };
      throw new PermanentError('source/bad-shape', `stream ${streamId}: a record comes without ${field ?? 'id'}`, {
        hint: 'The stream is read in the order of cursor and id: check cursor.',
      });
    });
    step = nextKeysetStep(step, rows, { mostExcept: MOST_EXCEPT, isExact: order.isDate, hasMore: null });
    const completeToMs = field === null ? undefined : checkpoint.after(rows.map(({ at }) => timeMs(at)));
    yield rawPage(answered, { api: options.api }, completeToMs);
  }
}
