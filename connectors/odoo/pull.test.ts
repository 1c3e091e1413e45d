import { describe, expect, it } from 'vitest';
import type { HttpRequest, HttpResponse } from '#kit';
import { connectorContext } from '../../test/factories/connector.ts';
import { odoo } from './index.ts';

const PAGES = [
  [
    { id: 7, write_date: '2026-06-01 10:00:00' },
    { id: 3, write_date: '2026-06-01 10:00:07' },
  ],
  [{ id: 5, write_date: '2026-06-01 10:00:07' }],
  [{ id: 6, write_date: '2026-06-01 10:30:00' }],
  [],
];

async function checkpoints(cursor: unknown, pages: readonly (readonly Record<string, unknown>[])[]) {
  const answers = [...pages];
  const request = async ({ url }: HttpRequest): Promise<HttpResponse> => {
    const body = JSON.stringify(answers.shift());
    return { status: 200, headers: {}, body, url, receivedAtMs: 0, json: () => JSON.parse(body) };
  };
  const stream = odoo.stream.parse({
    model: 'account.move.line',
    cursor,
    costs: { sourceKey: ['id'], projectRef: 'p', kind: 'actual', amount: 'a', currency: 'EUR', postingDate: 'date' },
  });
  const window = { fromMs: Date.parse('2026-06-01T10:00:00Z'), toMs: Date.parse('2026-06-03T11:00:00Z') };
  const context = { ...connectorContext(odoo.options.parse({}), { http: { request } }), stream, streamId: 's', window };
  const found: (string | null)[] = [];
  for await (const { completeToMs } of odoo.pull(context))
    found.push(completeToMs === undefined ? null : new Date(completeToMs).toISOString());
  return found;
}

describe('where a pull may be resumed', () => {
  it('is the second that the last record is of: more of it may follow', async () => {
    expect(await checkpoints('changed', PAGES)).toEqual([
      '2026-06-01T10:00:07.000Z',
      '2026-06-01T10:00:07.000Z',
      '2026-06-01T10:30:00.000Z',
      '2026-06-01T10:30:00.000Z',
    ]);
  });

  it('is the first instant anywhere of a date without a time zone', async () => {
    const pages = [[{ id: 1, date: '2026-06-01' }], [{ id: 2, date: '2026-06-03' }], []];
    expect(await checkpoints({ field: 'date', type: 'date' }, pages)).toEqual([
      null,
      '2026-06-02T10:00:00.000Z',
      '2026-06-02T10:00:00.000Z',
    ]);
  });

  it('is not known where all is read by id', async () => {
    expect(await checkpoints('none', [[{ id: 1 }], [{ id: 2 }], []])).toEqual([null, null, null]);
  });
});
