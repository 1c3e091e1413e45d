import { describe, expect, it } from 'vitest';
import type { HttpClient, HttpRequest } from '../ports.ts';
import { eachPage, followedLink, isMoreDue, nextLinkOfHeader } from './index.ts';

describe('the Link header of an answer', () => {
  it.each([
    [
      '<https://api.example.com/x?page=2>; rel="next", <https://api.example.com/x?page=9>; rel="last"',
      'https://api.example.com/x?page=2',
    ],
    ['</x?after=a,b;c>; rel=next', '/x?after=a,b;c'],
    ['<https://a/1>; rel="prev first", <https://a/3>; title="on; and, on"; rel="next collection"', 'https://a/3'],
    ['<https://a/1>; rel="last"', null],
    ['<https://a/1>; rel="nextish"', null],
    ['', null],
    [undefined, null],
  ])('%s', (header, next) => {
    expect(nextLinkOfHeader(header)).toBe(next);
  });

  it('is read at once however it is written', () => {
    expect(nextLinkOfHeader(`<a>${'; x="'.repeat(50_000)}`)).toBeNull();
    expect(nextLinkOfHeader('<'.repeat(100_000))).toBeNull();
  });
});

describe('a next link', () => {
  const follow = (link: string, rewriteLinks = false) =>
    followedLink(link, 'https://api.example.com/v1/rows?page=1', { streamId: 's', rewriteLinks });
  it.each([
    ['https://api.example.com/v1/rows?page=2', 'https://api.example.com/v1/rows?page=2'],
    ['/v1/rows?page=2', 'https://api.example.com/v1/rows?page=2'],
    ['?page=2', 'https://api.example.com/v1/rows?page=2'],
    ['rows?page=2#top', 'https://api.example.com/v1/rows?page=2'],
  ])('%s', (link, expected) => {
    expect(follow(link)).toBe(expected);
  });
  it('to another host is refused, or asked of ours', () => {
    expect(() => follow('http://10.0.0.1/v1/rows?page=2')).toThrow(/leads to http:\/\/10.0.0.1, not to/);
    expect(() => follow('//evil.example/x')).toThrow(/leads to https:\/\/evil.example/);
    expect(follow('http://inner:8080/v1/rows?page=2', true)).toBe('https://api.example.com/v1/rows?page=2');
  });
});

describe('whether one more page is due', () => {
  const page = { rows: 3, total: null, totalPages: null, hasMore: null };
  const due = (changes: Partial<Parameters<typeof isMoreDue>[0]>, received = 3, pages = 1) =>
    isMoreDue({ ...page, ...changes }, { received, pages }, 's');
  it('a short page is never taken for the last', () => {
    expect(due({ rows: 1 })).toBe(true);
    expect(due({ rows: 0 })).toBe(false);
  });
  it('the source knows better', () => {
    expect(due({ hasMore: false })).toBe(false);
    expect(due({ hasMore: true, rows: 0 })).toBe(true);
    expect(due({ totalPages: 2 }, 3, 1)).toBe(true);
    expect(due({ totalPages: 2 }, 6, 2)).toBe(false);
    expect(due({ total: 6 }, 3)).toBe(true);
    expect(due({ total: 6 }, 6)).toBe(false);
    expect(due({ total: 0, rows: 0 }, 0)).toBe(false);
  });
  it('fewer rows than the source counted are no whole answer', () => {
    expect(() => due({ total: 6, rows: 0 }, 4)).toThrow('counts 6 rows but sent 4');
  });
});

describe('page after page', () => {
  const http: HttpClient = {
    request: async () => ({ status: 200, headers: {}, body: '', url: 'http://x/', receivedAtMs: 0, json: () => null }),
  };
  const read = async (next: (page: number) => HttpRequest | null, mostPages?: number) => {
    const seen: string[] = [];
    const options = { streamId: 's', signal: new AbortController().signal, ...(mostPages ? { mostPages } : {}) };
    for await (const { request } of eachPage(http, { url: '1' }, async ({ number }) => next(number), options))
      seen.push(request.url);
    return seen;
  };
  it('goes on until there is no next one', async () => {
    expect(await read((page) => (page < 3 ? { url: String(page + 1) } : null))).toEqual(['1', '2', '3']);
  });
  it('a circle is noticed, and a source without an end', async () => {
    await expect(read((page) => ({ url: page === 2 ? '1' : String(page + 1) }))).rejects.toThrow('in a circle');
    await expect(read((page) => ({ url: String(page + 1) }), 5)).rejects.toThrow('more than 5 pages');
  });
});
