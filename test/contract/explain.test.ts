import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExplainNode, startOfDayMs } from '#domain';
import { type Config, explain, type Store } from '#kit';
import { openStore } from '#src/store/index';
import { baselineWindow, metricWith, projectWith } from '../factories/value.ts';
import { silentLog, type TestDatabase, testDatabase } from '../harness/database.ts';

const DAY = 86_400_000;
const ZONE = 'Europe/Berlin';
const project = projectWith(
  [metricWith({ baseline: baselineWindow('2025-12-01', '2026-01-01'), startsOn: '2026-01-01' })],
  { costSources: [{ connector: 'erp', stream: 'costs', projectRef: 'P-1' }] },
);

describe('explain on PostgreSQL', () => {
  let database: TestDatabase;
  let store: Store;
  let nowMs = Date.parse('2026-02-02T08:00:00Z');
  let ids = 0;
  const newId = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
  const hashOf = (letter: string) => letter.repeat(64);

  beforeAll(async () => {
    database = await testDatabase();
    store = await openStore({
      url: database.url,
      resolver: {
        resolve: ({ args }) => ({ version: 1, queue: 'compute', args, dedupeKey: null, priority: 'normal' }),
      },
      clock: { nowMs: () => nowMs },
      newId,
      log: silentLog,
      applicationName: 'test',
    });
    await store.projects.apply([{ project }], { by: 'test' });
    await pulled('shop', 'failures', hashOf('a'), async (pullId) => {
      const rows = Array.from({ length: 62 }, (_, index) => ({
        labels: {},
        unit: 'failures',
        atMs: startOfDayMs('2025-12-01', ZONE) + index * DAY,
        durationMs: DAY,
        value: index < 31 ? 4 : 3,
        status: 'final' as const,
        pageHash: hashOf('a'),
      }));
      await store.measurements.ingest({ connector: 'shop', stream: 'failures', pullId, observedAtMs: nowMs, rows });
    });
    await pulled('erp', 'costs', hashOf('b'), async (pullId) => {
      const row = {
        sourceKey: '4711/1',
        projectRef: 'P-1',
        kind: 'actual' as const,
        capitalisation: 'opex' as const,
        recurrence: 'one-off' as const,
        pool: null,
        amount: '1000',
        currency: 'EUR',
        postingDate: '2026-01-10',
        cashDate: null,
        document: '4711',
        correctionOf: null,
        text: 'Licences',
        pageHash: hashOf('b'),
      };
      await store.costs.ingest({ connector: 'erp', stream: 'costs', pullId, observedAtMs: nowMs, rows: [row] });
    });
    nowMs += DAY;
    await pulled('shop', 'failures', hashOf('c'), async (pullId) => {
      const atMs = startOfDayMs('2026-01-31', ZONE);
      const corrected = { labels: {}, unit: 'failures', atMs, durationMs: DAY, value: 1, status: 'final' as const };
      await store.measurements.ingest({
        connector: 'shop',
        stream: 'failures',
        pullId,
        observedAtMs: nowMs,
        rows: [{ ...corrected, pageHash: hashOf('c') }],
      });
    });
  });
  afterAll(async () => {
    await store?.close();
    await database?.close();
  });

  async function pulled(connector: string, stream: string, sha256: string, write: (pullId: string) => Promise<void>) {
    const pullId = newId();
    const name = { connector, stream };
    await store.pulls.start({ id: pullId, jobId: newId(), attempt: 1, ...name, fromMs: 0, toMs: nowMs });
    await store.pulls.addPage({
      pullId,
      seq: 0,
      sha256,
      bytes: 42,
      requestMethod: 'GET',
      requestUrl: `https://${connector}.example.com/${stream}`,
      objectKey: `pages/${sha256}`,
      receivedAtMs: nowMs,
    });
    await write(pullId);
    await store.watermarks.advance({ ...name, watermarkMs: nowMs, pullId });
    await store.pulls.succeed(pullId, { pages: 1, rows: 1, inserted: 1, revisions: 0, expected: null, warnings: [] });
  }

  const open = (path: string, more: { knownAtMs?: number; asOf?: string; depth?: number; limit?: number } = {}) =>
    explain(
      {
        config: { projects: [project], connectors: [], fxRates: [] } as unknown as Config,
        registry: { connectorKind: () => undefined },
        store,
        clock: { nowMs: () => nowMs },
      },
      { project: project.id, path, depth: 12, limit: 100, ...more },
    );
  const nodes = (root: ExplainNode): ExplainNode[] => [root, ...root.children.flatMap(nodes)];
  const chain = (root: ExplainNode): string[] => {
    const next = root.children[0];
    return [root.kind, ...(next === undefined ? [] : chain(next))];
  };

  it('leads from a period to its samples, each with its pull, request and archived page', async () => {
    const { tree } = await open('failures/2026-01-01/actual');
    expect(tree.children).toHaveLength(31);
    expect(chain(tree)).toEqual(['term', 'sample', 'pull', 'request', 'page']);
    const [page] = nodes(tree).filter(({ kind }) => kind === 'page');
    expect(page?.label).toContain(hashOf('a'));
    expect(nodes(tree).find(({ kind }) => kind === 'request')?.label).toBe('GET https://shop.example.com/failures');
  });
  it('shows a corrected sample with its revision, and the page that the correction came by', async () => {
    const { tree } = await open('failures/2026-01-01/actual');
    const last = tree.children.at(-1);
    expect(last?.note).toContain('revision 2');
    expect(nodes(last as ExplainNode).find(({ kind }) => kind === 'page')?.label).toContain(hashOf('c'));
  });
  it('of the past shows what was known then, and the figures that follow from it', async () => {
    const before = await open('failures/2026-01-01', { knownAtMs: nowMs - DAY / 2 });
    const now = await open('failures/2026-01-01');
    const actual = ({ tree }: { tree: ExplainNode }) =>
      nodes(tree).find(({ path }) => path === 'failures/2026-01-01/actual')?.value;
    expect(actual(before)).toMatchObject({ number: '93' });
    expect(actual(now)).toMatchObject({ number: '91' });
    expect(before.tree.value).not.toEqual(now.tree.value);
  });
  it('opens the baseline down to the samples of its window', async () => {
    const { tree } = await open('failures/2026-01-01/counterfactual');
    expect(tree.children).toHaveLength(31);
    expect(tree.value).toMatchObject({ number: '124' });
    expect(tree.children.every(({ value }) => value?.kind === 'number' && value.number === '4')).toBe(true);
  });
  it('leads from cost to the document’s line and the page that it stood on', async () => {
    const { tree } = await open('cost');
    expect(chain(tree)).toEqual(['figure', 'cost-line', 'pull', 'request', 'page']);
    expect(tree.children[0]?.label).toContain('Licences, document 4711');
    expect(nodes(tree).find(({ kind }) => kind === 'page')?.label).toContain(hashOf('b'));
  });
  it('cuts off at depth and limit, and says how much more there is', async () => {
    const { tree } = await open('failures/2026-01-01/actual', { depth: 1, limit: 5 });
    expect(tree.children).toHaveLength(5);
    expect(tree.more).toBe(26);
    expect(tree.children[0]).toMatchObject({ kind: 'sample', children: [], more: 1 });
  });
  it('names the nearest figure when there is none of that name', async () => {
    await expect(open('rio')).rejects.toMatchObject({ code: 'not-found', hint: expect.stringContaining('roi') });
    await expect(open('failures/2026-01-02')).rejects.toMatchObject({ hint: expect.stringContaining('first day') });
  });
});
