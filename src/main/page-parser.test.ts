import { describe, expect, it } from 'vitest';
import { prometheus } from '#connectors/prometheus/index';
import type { RawPage } from '#kit';
import { casesOf } from '../../test/contract/connectors/base-case.ts';
import { loadKinds } from '../../test/contract/connectors/case.ts';
import { pagesOf } from '../../test/contract/connectors/case-pages.ts';
import { createPageParser } from './page-parser.ts';

const stream = prometheus.stream.parse({ query: 'up', step: '15s', sample: 'instant', unit: 'targets' });
const context = { options: prometheus.options.parse({}), stream, streamId: 'targets' };
const never = new AbortController().signal;

/** A page of so many points, 15 s apart. */
const pageOf = (points: number): RawPage => ({
  request: { method: 'GET', url: 'http://source.invalid/api/v1/query_range' },
  body: JSON.stringify({
    status: 'success',
    data: {
      resultType: 'matrix',
      result: [
        { metric: { job: 'a' }, values: Array.from({ length: points }, (_, n) => [1_750_000_000 + n * 15, '1']) },
      ],
    },
  }),
  contentType: 'application/json',
  receivedAtMs: 1_780_000_000_000,
  meta: { stepMs: 15_000, sample: 'instant', startMs: 1_750_000_000_000, endMs: 1_750_000_000_000 + points * 15_000 },
});

describe('a large page', () => {
  it('gives in a thread of its own what it gives here, to the last row', async () => {
    const page = pageOf(12_345);
    const here = await prometheus.parse(page, { ...context, extract: { evaluate: () => Promise.reject(new Error()) } });
    const parser = createPageParser();
    expect(here.measurements).toHaveLength(12_345);
    expect(await parser.parse(prometheus, page, context, never)).toEqual(here);
  });

  it('gives others their turns while it is parsed', async () => {
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
    }, 1);
    await createPageParser().parse(prometheus, pageOf(200_000), context, never);
    clearInterval(turning);
    expect(turns).toBeGreaterThan(10);
  });

  it('is refused in the words of its parser, and the next one is read', async () => {
    const parser = createPageParser();
    const broken = { ...pageOf(1), body: '{"status":"success","data":{"resultType":"vector","result":[]}}' };
    await expect(parser.parse(prometheus, broken, context, never)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'source/bad-shape',
      message: expect.stringContaining('targets'),
    });
    const { measurements } = await parser.parse(prometheus, pageOf(3), context, never);
    expect(measurements).toHaveLength(3);
  });

  it('is left at once when its pull is cancelled, also while it waits for another one, and the next one is read', async () => {
    const parser = createPageParser();
    const stop = new AbortController();
    const first = parser.parse(prometheus, pageOf(300_000), context, stop.signal);
    const second = parser.parse(prometheus, pageOf(300_000), context, stop.signal);
    stop.abort(new Error('the operator stopped it'));
    await expect(first).rejects.toThrow('the operator stopped it');
    await expect(second).rejects.toThrow('the operator stopped it');
    const { measurements } = await parser.parse(prometheus, pageOf(3), context, never);
    expect(measurements).toHaveLength(3);
  });

  it('that needs more memory than parsing may take is refused, and the next one is read', async () => {
    const parser = createPageParser({ memoryMb: 100 });
    await expect(parser.parse(prometheus, pageOf(1_000_000), context, never)).rejects.toMatchObject({
      code: 'source/too-large',
      message: expect.stringContaining('needs more than 100 MB to be parsed'),
    });
    const { measurements } = await parser.parse(prometheus, pageOf(3), context, never);
    expect(measurements).toHaveLength(3);
  });

  it('of a kind that evaluates expressions is read as well', async () => {
    const http = (await loadKinds()).find(({ folder }) => folder === 'http');
    const testCase = casesOf('http').find(({ name }) => name === 'netdata-series');
    if (http === undefined || testCase === undefined)
      throw new Error('connectors/http/testcases/netdata-series is gone');
    const { run, context: given } = await pagesOf(http.kind, testCase);
    const page = run.pages.at(-1);
    if (page === undefined) throw new Error('netdata-series has no page');
    const here = await http.kind.parse(page, given);
    expect(here.measurements.length).toBeGreaterThan(0);
    expect(await createPageParser().parse(http.kind, page, given, never)).toEqual(here);
  });
});
