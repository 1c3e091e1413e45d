import { describe, expect, it } from 'vitest';
import { asOutturnError, type HttpRequest, type HttpResponse, type ParsedPage, type RawPage } from '#kit';
import { connectorContext } from '../../test/factories/connector.ts';
import { http } from './index.ts';
import { optionsSchema, streamSchema } from './options.ts';

const DAY_MS = 86_400_000;
const window = { fromMs: Date.parse('2026-06-01T00:00:00Z'), toMs: Date.parse('2026-06-03T00:00:00Z') };
const measurements = { at: 'at', value: 'v', unit: 'h', timeZone: 'UTC' };

type Answer = Partial<Pick<HttpResponse, 'status' | 'headers' | 'body' | 'retryAfterMs'>> & { json?: unknown };
interface Outcome {
  asked: HttpRequest[];
  pages: RawPage[];
  parsed: ParsedPage[];
}

/** Pulls a stream from a source that gives these answers in turn, the last one for ever. */
async function pulled(
  stream: Record<string, unknown>,
  answers: readonly Answer[],
  options: Record<string, unknown> = {},
): Promise<Outcome> {
  const outcome: Outcome = { asked: [], pages: [], parsed: [] };
  const client = {
    async request(request: HttpRequest): Promise<HttpResponse> {
      const {
        status = 200,
        headers = {},
        json,
        body = JSON.stringify(json),
        retryAfterMs,
      } = answers[Math.min(outcome.asked.length, answers.length - 1)] ?? {};
      outcome.asked.push(request);
      const url = new URL(request.url, 'https://api.example.com/').href;
      const response = { status, headers, body, url, receivedAtMs: window.toMs, retryAfterMs };
      // As the client does: an answer that refuses the credentials is asked for once more with new ones.
      if ((await request.isRefused?.(response)) === true && outcome.asked.length < answers.length)
        return await client.request(request);
      return { ...response, json: () => JSON.parse(body) as unknown };
    },
  };
  const read = streamSchema.parse({ measurements, ...stream });
  const context = {
    ...connectorContext(optionsSchema.parse(options), { http: client, nowMs: () => window.toMs }),
    stream: read,
    streamId: 's',
    window,
  };
  for await (const page of http.pull(context)) {
    outcome.pages.push(page);
    outcome.parsed.push(await http.parse(JSON.parse(JSON.stringify(page)) as RawPage, context));
  }
  return outcome;
}
const failure = async (...input: Parameters<typeof pulled>) =>
  asOutturnError(
    await pulled(...input).then(
      () => 'no error',
      (error: unknown) => error,
    ),
  );
const one = { requests: [{ path: '/x' }], rows: '/rows' };
const row = { at: '2026-06-01T00:00:00Z', v: 1 };

describe('what answers mean', () => {
  const rules = [
    { status: 204, then: 'ignore', message: '"nothing new"' },
    { status: [409, '5xx'], when: '$not($exists(fatal))', then: 'retry', after: '30s', message: 'why' },
    { when: 'ok = false and error = "expired"', then: 'refresh-token', message: 'error' },
    { when: 'ok = false', then: 'fail', message: 'error' },
  ];

  it('an answer that a rule ignores gives no rows, and the reason', async () => {
    const { parsed } = await pulled(one, [{ status: 204, body: '' }], { rules });
    expect(parsed).toEqual([{ measurements: [], costs: [], warnings: ['nothing was read: nothing new'] }]);
  });

  it('a status is tried again as late as the rule says, or the source', async () => {
    const busy = { status: 409, json: { why: 'busy' } };
    expect(await failure(one, [busy], { rules })).toMatchObject({ code: 'source/server-error', retryAfterMs: 30_000 });
    const error = await failure(one, [{ ...busy, retryAfterMs: 7000 }], { rules });
    expect(error).toMatchObject({ retryAfterMs: 7000, message: 'stream s: the source answered 409: busy' });
  });

  it('a status whose condition is not met means what it always means', async () => {
    const error = await failure(one, [{ status: 409, json: { fatal: 1, message: 'gone for good' } }], { rules });
    expect(error).toMatchObject({ code: 'source/bad-request', message: expect.stringContaining('gone for good') });
  });

  it('a token that has ended is renewed once; refused again, it is the credentials', async () => {
    const expired = { json: { ok: false, error: 'expired' } };
    const { asked, parsed } = await pulled(one, [expired, { json: { rows: [row] } }], { rules });
    expect([asked.length, parsed[0]?.measurements.length]).toEqual([2, 1]);
    expect(await failure(one, [expired, expired], { rules })).toMatchObject({ code: 'source/unauthorised' });
  });

  it('an error inside 200 is an error, also of a request in the middle of the chain', async () => {
    const chain = { requests: [{ path: '/a', items: '/ids' }, { path: '/x/{{item}}' }], rows: '/rows' };
    const answers = [{ json: { ids: [1] } }, { json: { ok: false, error: 'no such report' } }];
    expect((await failure(chain, answers, { rules })).message).toContain('no such report');
  });
});

describe('paging', () => {
  const paged = (paginate: Record<string, unknown>) => ({ requests: [{ path: '/x', paginate }], rows: '/rows' });

  it('a source that always has more, and gives nothing, is a circle', async () => {
    const paginate = { kind: 'offset', into: { query: 'skip' }, hasMore: '/more' };
    const answers = [{ json: { rows: [row], more: true } }, { json: { rows: [], more: true } }];
    expect((await failure(paged(paginate), answers)).message).toContain('in a circle');
  });

  it('a last row without the field that leads on', async () => {
    const error = await failure(paged({ kind: 'keyset', field: 'id', into: { query: 'after' } }), [
      { json: { rows: [row] } },
    ]);
    expect(error).toMatchObject({ code: 'source/bad-shape', message: 'stream s: the last row has no id' });
  });

  it('a total that is no number', async () => {
    const error = await failure(paged({ kind: 'offset', into: { query: 'skip' }, total: '/n' }), [
      { json: { rows: [row], n: 'many' } },
    ]);
    expect(error.message).toContain('the total is "many"');
  });

  it('a cursor stands where the request says it: in a header, a form, deep in a body, in the text of a query', async () => {
    const answers = [{ json: { rows: [row], next: 'c 2' } }, { json: { rows: [] } }];
    const second = async (request: Record<string, unknown>, into?: Record<string, string>) => {
      const paginate = { kind: 'cursor', at: '/next', ...(into === undefined ? {} : { into }) };
      const { asked } = await pulled({ requests: [{ path: '/x', paginate, ...request }], rows: '/rows' }, answers);
      expect(asked).toHaveLength(2);
      return asked[1];
    };
    expect(await second({}, { header: 'X-Cursor' })).toMatchObject({ headers: { 'x-cursor': 'c 2' } });
    expect(await second({ body: { form: { a: 1 } } }, { body: '/cursor' })).toMatchObject({
      body: { a: '1', cursor: 'c 2' },
    });
    const deep = await second({ body: { json: { q: { list: [{}] } } } }, { body: '/q/list/0/after' });
    expect(deep?.body).toBe('{"q":{"list":[{"after":"c 2"}]}}');
    const graph = await second({ body: { json: { query: '{ x }', variables: { after: '{{cursor}}' } } } });
    expect(graph?.body).toBe('{"query":"{ x }","variables":{"after":"c 2"}}');
  });

  it('pieces of the window are asked for one after the other, and each whole one is a checkpoint', async () => {
    const stream = { ...one, slice: '1d', requests: [{ path: '/x', query: { from: '{{window.from | isoDate}}' } }] };
    const { asked, pages } = await pulled(stream, [{ json: { rows: [] } }]);
    expect(asked.map(({ query }) => query)).toEqual([{ from: '2026-06-01' }, { from: '2026-06-02' }]);
    expect(pages.map((page) => page.completeToMs)).toEqual([window.fromMs + DAY_MS, window.toMs]);
  });
});

describe('a chain of requests', () => {
  const chain = (path: string, items = '/ids') => ({
    requests: [{ id: 'a', path: '/a', items }, { path }],
    rows: '/rows',
  });

  it('an item stays one part of the path', async () => {
    const { asked } = await pulled(chain('/x/{{item}}'), [{ json: { ids: ['a/b?c', 7] } }, { json: { rows: [] } }]);
    expect(asked.map(({ url }) => url)).toEqual(['/a', '/x/a%2Fb%3Fc', '/x/7']);
    const error = await failure(chain('/x/{{item}}/y'), [{ json: { ids: ['..'] } }]);
    expect(error.message).toContain('would lead to another path');
  });

  it("an item's own address is asked, of the same host only", async () => {
    const answers = (id: string) => [{ json: { ids: [id] } }, { json: { rows: [] } }];
    const path = '{{item | raw}}';
    const { asked } = await pulled(chain(path), answers('https://api.example.com/x/1'));
    expect(asked[1]?.url).toBe('https://api.example.com/x/1');
    expect(await failure(chain(path), answers('https://evil.example/x'))).toMatchObject({
      code: 'source/blocked-address',
    });
  });

  it('what the item lacks is named', async () => {
    const error = await failure(chain('/x/{{item.key}}'), [{ json: { ids: [{ id: 1 }] } }]);
    expect(error.message).toContain('the item has no item.key');
  });

  it('items that are as long as pages are refused', async () => {
    const error = await failure(chain('/x'), [{ json: { ids: ['x'.repeat(30_000)] } }]);
    expect(error.code).toBe('source/too-large');
  });
});

describe('answers that are no JSON', () => {
  const read = (format: string, body: string, more: Record<string, unknown> = {}) =>
    pulled({ requests: [{ path: '/x', format, ...more }], rows: format === 'xml' ? 'r.row' : '' }, [{ body }]);
  const values = async (...input: Parameters<typeof read>) =>
    (await read(...input)).parsed[0]?.measurements.map(({ value }) => value);

  it('lines of JSON, CSV without a header, XML with one row or several', async () => {
    expect(await values('ndjson', `${JSON.stringify(row)}\n\n${JSON.stringify({ ...row, v: 2 })}\n`)).toEqual([1, 2]);
    const csv = { csv: { header: ['at', 'v'], delimiter: ';', skipLines: 1 } };
    expect(await values('csv', 'exported by x\n2026-06-01;1\n"2026-06-02";2\n', csv)).toEqual([1, 2]);
    expect(await values('xml', '<r><row><at>2026-06-01</at><v>1</v></row></r>')).toEqual([1]);
    expect(await values('xml', '<r>' + '<row><at>2026-06-01</at><v>1 </v></row>'.repeat(2) + '</r>')).toEqual([1, 1]);
    expect(await values('xml', '<r></r>')).toEqual([]);
  });

  it.each([
    ['ndjson', '{"at":1}\n{"at":', /line 2 is not JSON/],
    ['csv', 'at,v\n2026-06-01,1,2\n', /line 2: 3 columns, where the header has 2/],
    ['csv', '<!DOCTYPE html><title>Sign in</title>', /HTML page/],
    ['xml', '<r><row>', /not well-formed/],
    ['xml', '<!DOCTYPE r [<!ENTITY a "aaaa">]><r>&a;</r>', /document type/],
    ['csv', '  ', /answer is empty/],
  ])('%s that is %j is refused', async (format, body, says) => {
    const error = asOutturnError(await read(format, body).catch((thrown: unknown) => thrown));
    expect(error.message).toMatch(says);
    expect(error.code).toMatch(/^source\//);
  });
});

describe('rows', () => {
  it.each([
    ['/rows', { rows: 7 }, /rows leads to a number, not to a list of objects/],
    ['/rows', { data: [] }, /nothing at \/rows; the answer is an object with data/],
    ['rows.{"at": x}', { data: [] }, /nothing at rows/],
    ['rows', { rows: [[1]] }, /entry 1 of rows is a list of 1/],
  ])('%s of %j is refused', async (rows, json, says) => {
    const error = await failure({ ...one, rows }, [{ json }]);
    expect(error).toMatchObject({ code: 'source/bad-shape', message: expect.stringMatching(says) });
  });

  it.each([
    ['/rows', { rows: [] }],
    ['/rows', { rows: null }],
    ['rows.{"at": at}', { rows: [] }],
    ['data.rows[v > 3]', { data: { rows: [row] } }],
    ['data.parts.rows', { data: [{ parts: [{ id: 1 }] }] }],
  ])('%s of %j is empty, and that is no error', async (rows, json) => {
    expect((await pulled({ ...one, rows }, [{ json }])).parsed).toEqual([
      { measurements: [], costs: [], warnings: [] },
    ]);
  });

  it('a value whose interval has not ended is left out, unless it is wanted', async () => {
    const covers = { ...measurements, covers: '1h' };
    const json = {
      rows: [
        { at: '2026-06-02T23:00:00Z', v: 1 },
        { at: '2026-06-02T23:30:00Z', v: 2 },
      ],
    };
    const [left] = (await pulled({ ...one, measurements: covers }, [{ json }])).parsed;
    expect(left?.measurements).toHaveLength(1);
    expect(left?.warnings).toEqual(['left out 1 value: its interval is still under way (2026-06-02T23:30:00.000Z)']);
    const [kept] = (await pulled({ ...one, measurements: covers, underWay: 'keep' }, [{ json }])).parsed;
    expect(kept?.measurements).toHaveLength(2);
  });

  it.each([
    ['epochSeconds', 1780272000.5, '2026-06-01T00:00:00.500Z'],
    ['epochMs', '1780272000000', '2026-06-01T00:00:00.000Z'],
    ['epochNanos', '1780272000000000001', '2026-06-01T00:00:00.000Z'],
  ])('a time in %s', async (unit, at, expected) => {
    const { parsed } = await pulled({ ...one, times: { at: unit } }, [{ json: { rows: [{ at, v: 1 }] } }]);
    expect(new Date(parsed[0]?.measurements[0]?.atMs ?? 0).toISOString()).toBe(expected);
    const error = await failure({ ...one, times: { at: unit } }, [{ json: { rows: [{ at: 'noon', v: 1 }] } }]);
    expect(error.message).toContain(`found "noon", expected ${unit}`);
  });
});

describe('a check of a stream without paging', () => {
  const checked = async (json: unknown, headers: Record<string, string> = {}) => {
    const client = {
      request: async (): Promise<HttpResponse> => ({
        status: 200,
        headers,
        body: JSON.stringify(json),
        url: 'https://api.example.com/x?key=1',
        receivedAtMs: window.toMs,
        json: () => json,
      }),
    };
    const context = connectorContext(optionsSchema.parse({}), { http: client, nowMs: () => window.toMs });
    const findings = await http.checkStream({
      ...context,
      stream: streamSchema.parse({ ...one, measurements }),
      streamId: 's',
    });
    return findings.filter(({ aspect }) => aspect === 'paging').map(({ message }) => message);
  };

  it.each<[unknown, Record<string, string>, RegExp]>([
    [{ rows: [row] }, { link: '<https://api.example.com/x?page=2>; rel="next"' }, /Link header/],
    [{ rows: [row], has_more: true }, {}, /has_more of the answer is true/],
    [{ rows: [row], paging: { next: '/x?page=2' } }, {}, /paging\.next of the answer is "\/x\?page=2"/],
    [{ rows: [row], total: 4711 }, {}, /total of the answer is 4711/],
  ])('%j %j: says that there is more', async (json, headers, says) => {
    expect(await checked(json, headers)).toEqual([expect.stringMatching(says)]);
  });

  it('says nothing where all is there', async () => {
    expect(await checked({ rows: [row], total: 1, hasMore: false, next: null })).toEqual([]);
  });
});
