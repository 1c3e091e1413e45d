import { afterEach, describe, expect, it, vi } from 'vitest';
import { casesOf } from './base-case.ts';
import { loadKinds } from './case.ts';
import { identitiesOf, pagesOf, parseSoundly } from './case-pages.ts';
import { spoilt, withRowsTwice } from './mutations.ts';

const zone = process.env['TZ'];
afterEach(() => {
  vi.useRealTimers();
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const kinds = (await loadKinds())
  .map(({ folder, kind }) => ({
    folder,
    kind,
    cases: casesOf(folder).filter(({ definition, expectedLines }) => definition.action === 'pull' && expectedLines),
  }))
  .filter(({ cases }) => cases.length > 0);

// With OUTTURN_CONNECTOR none of the folders may be of this sort: a file without a test would fail.
it.runIf(kinds.length === 0)('has no folder to walk', () => {});

describe.each(kinds)('connectors/$folder parses archived pages', ({ kind, cases }) => {
  it.each(cases)('of $name again with the same outcome, whenever, wherever, asking no one', async (testCase) => {
    const { run, context } = await pagesOf(kind, testCase);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2001, 1, 28, 23, 59) });
    // +12:45, in summer +13:45.
    process.env['TZ'] = 'Pacific/Chatham';
    const random = vi.spyOn(Math, 'random');
    for (const [index, page] of run.pages.entries()) {
      const archived: typeof page = JSON.parse(JSON.stringify(page));
      expect(await kind.parse(archived, context)).toEqual(run.parsed[index]);
      expect(archived, 'parse changed the page that it was given').toEqual(JSON.parse(JSON.stringify(page)));
    }
    expect(random).not.toHaveBeenCalled();
    random.mockRestore();
  });

  it.each(cases)('of $name with any one value spoilt: data or a typed error, never a crash', async (testCase) => {
    const { run, context } = await pagesOf(kind, testCase);
    for (const page of run.pages)
      for (const body of spoilt(page.body)) await parseSoundly(kind, { ...page, body }, context);
  });

  it.each(cases)('of $name with every row twice: no sample more', async (testCase) => {
    const { run, context } = await pagesOf(kind, testCase);
    for (const [index, page] of run.pages.entries()) {
      const body = withRowsTwice(page.body);
      const before = run.parsed[index];
      if (body === null || before === undefined) continue;
      const doubled = await parseSoundly(kind, { ...page, body }, context);
      if (doubled === null) continue;
      const known = identitiesOf(before);
      expect([...identitiesOf(doubled)].filter((identity) => !known.has(identity))).toEqual([]);
    }
  });

  it.each(cases)('of $name in an order that its checkpoints keep, within the window', async (testCase) => {
    const { run, stepMs } = await pagesOf(kind, testCase);
    const { window } = testCase.definition;
    let completeToMs = window.from;
    for (const [index, page] of run.pages.entries()) {
      const measurements = run.parsed[index]?.measurements ?? [];
      // A row that was changed in the window may tell of any time; only where points are due at set times may none be late.
      if (stepMs > 0) {
        const early = measurements.filter(({ atMs }) => completeToMs > window.from && atMs < completeToMs);
        expect(early.slice(0, 3), `page ${index + 1} has samples from before an earlier checkpoint`).toEqual([]);
      }
      if (page.completeToMs === undefined) continue;
      expect(page.completeToMs, `the checkpoint of page ${index + 1} goes back`).toBeGreaterThanOrEqual(completeToMs);
      expect(page.completeToMs, `the checkpoint of page ${index + 1} lies beyond the window`).toBeLessThanOrEqual(
        window.to,
      );
      completeToMs = page.completeToMs;
    }
  });

  it.each(cases)('of $name with no more points than the half-open window has', async (testCase) => {
    const { run, stepMs } = await pagesOf(kind, testCase);
    if (stepMs === 0) return;
    const { window, nowMs } = testCase.definition;
    const instants = new Map<string, Set<number>>();
    for (const { labels, atMs, durationMs } of run.parsed.flatMap(({ measurements }) => measurements)) {
      const at = new Date(atMs).toISOString();
      expect(atMs, `${at} lies behind the window`).toBeLessThan(window.to);
      expect(atMs + Math.max(durationMs, stepMs), `${at} lies before the window`).toBeGreaterThan(window.from);
      expect(durationMs === 0 ? atMs : atMs + durationMs, `${at} is not over yet`).toBeLessThanOrEqual(nowMs);
      const series = JSON.stringify(labels);
      instants.set(series, (instants.get(series) ?? new Set()).add(atMs));
    }
    // Of two windows that touch exactly one has the point at the border.
    const most = Math.ceil((window.to - window.from) / stepMs);
    for (const [series, { size }] of instants) expect(size, series).toBeLessThanOrEqual(most);
  });
});
