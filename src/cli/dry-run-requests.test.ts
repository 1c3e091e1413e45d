import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { DryRunResult } from '#kit';
import { requestTable } from './dry-run-requests.ts';

type Exchange = DryRunResult['exchanges'][number];

const answered = { status: 200, bytes: 2048, durationMs: 12 };
const get = (url: string): Exchange => ({ method: 'GET', url, ...answered });
const post = (url: string, body: unknown): Exchange => ({
  method: 'POST',
  url,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  ...answered,
});
function lines(exchanges: Exchange[], columns: number | null = 80): string[] {
  const result: DryRunResult = {
    fromMs: 0,
    toMs: 1,
    requests: [],
    exchanges,
    completeness: null,
    watermark: { nowMs: null, thenMs: null },
    counts: { measurements: 0, costs: 0, quotes: 0 },
    measurements: [],
    costs: [],
    warnings: [],
  };
  return requestTable({ color: pc.createColors(false), columns }, result).split('\n');
}
const search = 'https://jira.example.com/rest/api/2/search';
const jql = encodeURIComponent('project = SHOP AND resolved >= "2026/05/31 22:00" ORDER BY key');

describe('the requests of a dry run', () => {
  it.each([80, 100, 140, null])('of pages by offset differ in sight, %s columns wide', (columns) => {
    const shown = lines(
      [0, 100, 200].map((at) => get(`${search}?jql=${jql}&maxResults=100&startAt=${at}`)),
      columns,
    );
    expect(shown.join(' ')).toContain('jql=project = SHOP AND resolved >= "2026/05/31 22:00" ORDER BY key');
    expect(shown.at(-2)).toMatch(/^GET … startAt=100 +200 +2048 +12ms$/);
    expect(shown.at(-1)).toMatch(/^GET … startAt=200 /);
    for (const line of shown) expect(line.length).toBeLessThanOrEqual(columns ?? 200);
  });

  it('of pages by a long cursor show the part of it that differs', () => {
    const token = (page: number) => `eyJ2IjozLCJ0ZW5hbnQiOiJhY21lIiwiZmlsdGVyIjoiYWxsLWlzc3Vlcy1vZi1zaG9w${page}IifQ`;
    const shown = lines([1, 2, 3].map((page) => get(`${search}?token=${token(page)}`)));
    expect(shown.at(-2)).toMatch(/^GET … token=….{0,12}2IifQ /);
    expect(shown.at(-1)).toMatch(/^GET … token=….{0,12}3IifQ /);
  });

  it('of pages that are asked for in the body show what differs there', () => {
    const shown = lines([0, 50].map((offset) => post(search, { filter: 'all', paging: { limit: 50, offset } })));
    expect(shown[1]).toMatch(/^POST https:\/\/jira\.example\.com\/rest\/api\/2\/search /);
    expect(shown[2]).toBe('  filter=all paging.limit=50 paging.offset=0');
    expect(shown[3]).toMatch(/^POST … paging\.offset=50 /);
    expect(lines([post(search, '<all/>'), post(search, '<more/>')]).at(-1)).toMatch(/^POST … body=<more\/> /);
  });

  it('say which parameters a next link leaves out, and which request was asked again', () => {
    const shown = lines([
      get(`${search}?filter=all&size=10`),
      get(`${search}?nextPageKey=AQAA`),
      get(`${search}?nextPageKey=AQAA`),
    ]);
    expect(shown.at(-2)).toMatch(/^GET … nextPageKey=AQAA \(without filter, size\) /);
    expect(shown.at(-1)).toMatch(/^GET … \(again\) /);
  });

  it('of a chain name each address to its end, however narrow the terminal is', () => {
    const folder = 'https://api.example.com/enterprise/v1/organisations/manufacturing-europe';
    const shown = lines(
      [1, 2].map((id) => get(`${folder}/projects/${id}/items?limit=5`)),
      60,
    ).join('\n');
    expect(shown).toContain('/projects/1/items');
    expect(shown).toContain('/projects/2/items');
  });

  it('of files stand as they are', () => {
    expect(lines([{ method: 'READ', url: 'file:bills/*.csv', ...answered }])[1]).toMatch(/^READ file:bills\/\*\.csv /);
  });
});
