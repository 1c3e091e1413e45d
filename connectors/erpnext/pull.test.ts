import { describe, expect, it } from 'vitest';
import type { HttpRequest, HttpResponse } from '#kit';
import { connectorContext } from '../../test/factories/connector.ts';
import { erpnext } from './index.ts';

const PAGES = [
  [
    { name: 'g', modified: '2026-10-25 02:10:00' },
    { name: 'c', modified: '2026-10-25 02:30:00.000001' },
  ],
  [{ name: 'e', modified: '2026-10-25 02:30:00.000001' }],
  [{ name: 'f', modified: '2026-10-25 03:15:00' }],
  [],
];

async function checkpoints(
  cursor: unknown,
  pages: readonly (readonly Record<string, unknown>[])[],
  {
    asked = [],
    window: [from, to] = ['2026-10-24T22:00:00Z', '2026-10-26T23:30:00Z'],
  }: { asked?: HttpRequest[]; window?: [string, string] } = {},
) {
  const answers = [...pages];
  const request = async (sent: HttpRequest): Promise<HttpResponse> => {
    asked.push(sent);
    const body = JSON.stringify({ data: answers.shift() });
    return { status: 200, headers: {}, body, url: sent.url, receivedAtMs: 0, json: () => JSON.parse(body) };
  };
  const stream = erpnext.stream.parse({
    doctype: 'GL Entry',
    cursor,
    costs: { sourceKey: ['name'], projectRef: 'p', kind: 'actual', amount: 'a', currency: 'EUR', postingDate: 'date' },
  });
  const window = { fromMs: Date.parse(from), toMs: Date.parse(to) };
  const context = {
    ...connectorContext(erpnext.options.parse({ timeZone: 'Europe/Berlin' }), { http: { request } }),
    stream,
    streamId: 's',
    window,
  };
  const found: (string | null)[] = [];
  for await (const { completeToMs } of erpnext.pull(context))
    found.push(completeToMs === undefined ? null : new Date(completeToMs).toISOString());
  return found;
}

describe('where a pull may be resumed', () => {
  it('is the first instant that the last time can mean, where clocks show an hour twice', async () => {
    expect(await checkpoints('changed', PAGES)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T02:15:00.000Z',
      '2026-10-25T02:15:00.000Z',
    ]);
  });

  it('is not known after a time that the clocks of the zone never show', async () => {
    const window: [string, string] = ['2027-03-27T00:00:00Z', '2027-03-29T00:00:00Z'];
    const pages = [[{ name: 'a', modified: '2027-03-28 02:30:00' }], []];
    expect(await checkpoints('changed', pages, { window })).toEqual([null, null]);
  });

  it('is the beginning of a day of the site', async () => {
    const pages = [[{ name: 'a', posting_date: '2026-10-24' }], [{ name: 'b', posting_date: '2026-10-26' }], []];
    expect(await checkpoints({ field: 'posting_date', type: 'date' }, pages)).toEqual([
      null,
      '2026-10-25T23:00:00.000Z',
      '2026-10-25T23:00:00.000Z',
    ]);
  });

  it('is not known where all is read by name', async () => {
    expect(await checkpoints('none', [[{ name: 'a' }], [{ name: 'b' }], []])).toEqual([null, null, null]);
  });
});

describe('a long window', () => {
  it('that begins in an hour that the clocks show twice reads both, though its end is in summer again', async () => {
    const asked: HttpRequest[] = [];
    await checkpoints('changed', [[]], { asked, window: ['2026-10-25T00:30:00Z', '2027-06-01T00:00:00Z'] });
    expect(asked[0]?.query?.['filters']).toContain('["modified",">=","2026-10-25 01:30:00"]');
  });
});
