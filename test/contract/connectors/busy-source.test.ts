import { describe, expect, it } from 'vitest';
import { http } from '#connectors/http/index';
import { patientHttp } from '#src/ingest/patient-http';
import { connectorContext } from '../../factories/connector.ts';
import { clientFor, serve } from '../../factories/http-source.ts';

const PAGES = 100;
const START_MS = Date.parse('2026-06-01T00:00:00Z');

/** A hundred pages of one row each from a server that cannot answer each ninth request: then what `busy` says, for a moment. */
async function pulledFrom(
  busy: { status: number; body: string },
  rules: object[],
): Promise<[number[], number, string[]]> {
  let asked = 0;
  const url = await serve((request, response) => {
    asked += 1;
    if (asked % 9 === 0)
      return void response
        .writeHead(busy.status, { 'content-type': 'application/json', 'retry-after': '0' })
        .end(busy.body);
    const page = Number(new URL(request.url ?? '', 'http://source').searchParams.get('page'));
    const rows = page < PAGES ? [{ at: new Date(START_MS + page * 1_000).toISOString(), v: page }] : [];
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ rows }));
  });
  const signal = new AbortController().signal;
  const waits: string[] = [];
  const client = patientHttp(clientFor(url), signal, ({ message }) => {
    waits.push(message);
    return () => undefined;
  });
  const context = {
    ...connectorContext(http.options.parse({ rules }), { http: client, signal }),
    stream: http.stream.parse({
      requests: [{ path: '/rows', paginate: { kind: 'page', into: { query: 'page' }, first: 0 } }],
      rows: '/rows',
      measurements: { at: 'at', value: 'v', unit: 'h', timeZone: 'UTC' },
    }),
    streamId: 'rows',
    window: { fromMs: START_MS, toMs: START_MS + 3_600_000 },
  };
  const values: number[] = [];
  for await (const page of http.pull(context))
    for (const { value } of (await http.parse(page, context)).measurements) values.push(value ?? Number.NaN);
  return [values, asked, waits];
}

describe('a source that is busy at each ninth request', () => {
  const all = Array.from({ length: PAGES }, (_, page) => page);
  it.each([
    ['by its status', { status: 503, body: 'busy' }, []],
    [
      'inside of an answer that is well by its status',
      { status: 200, body: '{"error":"database is locked"}' },
      [{ when: '$exists(error)', then: 'retry', message: 'error' }],
    ],
  ])('gives all of a hundred pages, each once, where it says so %s', async (_, busy, rules) => {
    const [values, asked, waits] = await pulledFrom(busy, rules);
    expect(values).toEqual(all);
    // The last page is empty.
    expect(asked - waits.length).toBe(PAGES + 1);
    expect(waits).toHaveLength(Math.floor(asked / 9));
    expect(waits[0]).toMatch(busy.status === 503 ? /answered 503 \(busy\)/ : /database is locked/);
  });
});
