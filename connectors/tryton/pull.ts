import {
  asRecord,
  eachPage,
  firstInstantOf,
  type HttpRequest,
  localDateRange,
  PermanentError,
  type PullContext,
  type PullWindow,
  type RawPage,
  RowCheckpoint,
  rawPage,
  zoneOfRows,
} from '#kit';
import { fieldAt, fieldsOf, plainValue, recordsOf } from './answer.ts';
import type { TrytonOptions, TrytonStream } from './options.ts';
import { fetchContext, rpcRequest } from './rpc.ts';

/** One reading of the model in the order of a field and the id; `field` null: of the id alone. */
interface Reading {
  field: string | null;
  conditions: unknown[];
  /** Whether a time that it has reached is complete, and not only among its own records. */
  isLast: boolean;
}

/** A date as Tryton's JSON writes it. */
const dateLiteral = (date: string): unknown => {
  const [year, month, day] = date.split('-').map(Number);
  return { __class__: 'date', year, month, day };
};

/** An instant as Tryton's JSON writes it: UTC, without saying so. */
const dateTimeLiteral = (epochMs: number): unknown => {
  const at = new Date(epochMs);
  return {
    __class__: 'datetime',
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
    microsecond: at.getUTCMilliseconds() * 1000,
  };
};

/**
 * What is read for a window. `write_date` is null until a record is changed for the first time: such records are read by
 * `create_date`, after the others, so that one which is changed meanwhile has moved beyond the window and comes with the next.
 */
function readingsOf(stream: TrytonStream, window: PullWindow): Reading[] {
  const within = (field: string, from: unknown, before: unknown): unknown[] => [
    [field, '>=', from],
    [field, '<', before],
  ];
  if (stream.cursor === 'none') return [{ field: null, conditions: [], isLast: true }];
  if (stream.cursor !== 'changed' && stream.cursor.type === 'date') {
    const { from, before } = localDateRange(window, zoneOfRows(stream));
    const { field } = stream.cursor;
    return [{ field, conditions: within(field, dateLiteral(from), dateLiteral(before)), isLast: true }];
  }
  const [from, before] = [dateTimeLiteral(window.fromMs), dateTimeLiteral(window.toMs)];
  if (stream.cursor !== 'changed')
    return [{ field: stream.cursor.field, conditions: within(stream.cursor.field, from, before), isLast: true }];
  return [
    { field: 'write_date', conditions: within('write_date', from, before), isLast: false },
    {
      field: 'create_date',
      conditions: [['write_date', '=', null], ...within('create_date', from, before)],
      isLast: true,
    },
  ];
}

/** The last record of a page: those after it in the same order follow. */
interface Position {
  at: unknown;
  id: number;
}

function after(field: string | null, { at, id }: Position): unknown[] {
  if (field === null) return [['id', '>', id]];
  return [
    [
      'OR',
      [[field, '>', at]],
      [
        [field, '=', at],
        ['id', '>', id],
      ],
    ],
  ];
}

/** `search_read` of the page after a position, or of the first one. */
export function pageRequest(
  options: TrytonOptions,
  stream: TrytonStream,
  reading: Pick<Reading, 'field' | 'conditions'>,
  rpcContext: Record<string, unknown>,
  position: Position | null,
): HttpRequest {
  const { field, conditions } = reading;
  const own = stream.domain.length === 0 ? [] : [stream.domain];
  const domain = [...own, ...conditions, ...(position === null ? [] : after(field, position))];
  const order = [...(field === null ? [] : [[field, 'ASC']]), ['id', 'ASC']];
  const names = [...new Set(['id', ...(field === null ? [] : [field]), ...fieldsOf(stream)])];
  return rpcRequest(options, `model.${stream.model}.search_read`, [
    domain,
    0,
    stream.pageSize,
    order,
    names,
    rpcContext,
  ]);
}

function lastOf(records: readonly Record<string, unknown>[], field: string | null, streamId: string): Position | null {
  const last = records.at(-1);
  if (last === undefined) return null;
  const id = last['id'];
  const at = field === null ? null : fieldAt(last, field);
  if (typeof id !== 'number' || (field !== null && asRecord(at) === null))
    throw new PermanentError('source/bad-shape', `stream ${streamId}: a record comes without id or ${field ?? 'id'}`, {
      hint: 'The stream is read in their order; check cursor.',
    });
  return { at, id };
}

/** A date or date-time of the wire as an instant; null: it is none. */
function cursorMs(value: unknown, timeZone: string | null): number | null {
  const text = plainValue(value);
  if (typeof text !== 'string') return null;
  return text.includes('T') ? Date.parse(text) : firstInstantOf(text, timeZone);
}

/**
 * Pages of a model, by key and never by offset: records that are changed while they are read would shift the rest. Only an
 * empty page is the last.
 */
export async function* pullPages(ctx: PullContext<TrytonOptions, TrytonStream>): AsyncIterable<RawPage> {
  const { options, stream, streamId } = ctx;
  const rpcContext = await fetchContext(ctx);
  for (const reading of readingsOf(stream, ctx.window)) {
    const first = pageRequest(options, stream, reading, rpcContext, null);
    const { field } = reading;
    const checkpoint = new RowCheckpoint(ctx.window);
    let position: Position | null = null;
    const next = (): HttpRequest | null =>
      position === null ? null : pageRequest(options, stream, reading, rpcContext, position);
    for await (const answered of eachPage(ctx.http, first, next, ctx)) {
      const records = recordsOf(answered.response.json(), `stream ${streamId}, model ${stream.model}`);
      position = lastOf(records, field, streamId);
      const times = field === null ? [] : records.map((record) => cursorMs(fieldAt(record, field), zoneOfRows(stream)));
      const reachedMs = checkpoint.after(times);
      yield rawPage(answered, {}, reading.isLast ? reachedMs : undefined);
    }
  }
}
