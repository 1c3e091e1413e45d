import { describe, expect, it } from 'vitest';
import { type OutboxRow, OutturnError } from '#kit';
import { pullFigures } from './pull-summary.ts';

const row = (id: string, state: OutboxRow['state'], result: unknown): OutboxRow => ({
  id,
  kind: 'pull',
  version: 1,
  queue: 'pull',
  args: {},
  dedupeKey: null,
  priority: 'normal',
  notBeforeMs: null,
  replays: 0,
  traceParent: null,
  cause: 'demo',
  parentId: null,
  state,
  attempts: 1,
  progress: null,
  result,
  errorCode: null,
  errorMessage: null,
  createdAtMs: 0,
  publishedAtMs: 0,
  startedAtMs: 0,
  acknowledgedAtMs: 0,
});
const counts = { pages: 3, rows: 120, inserted: 120, revisions: 2 };
const stream = { connector: 'erp', stream: 'project-costs' };

function storeWith(rows: OutboxRow[], latest: typeof counts | null = null) {
  return {
    outbox: { get: async (id: string) => rows.find((each) => each.id === id) ?? null },
    pulls: { latest: async () => (latest === null ? null : ({ ...stream, ...latest } as never)) },
  };
}

describe('what a pull brought', () => {
  it('is its own result when it did the work', async () => {
    const job = row('a', 'succeeded', { ...stream, ...counts, pullId: 'p' });
    expect(await pullFigures(storeWith([]), stream, job)).toEqual({ ...stream, ...counts });
  });
  it('is the result of the job that did it as well, over several steps', async () => {
    const done = row('c', 'succeeded', { ...stream, ...counts });
    const between = row('b', 'collapsed', { collapsedInto: 'c' });
    const job = row('a', 'collapsed', { collapsedInto: 'b' });
    expect(await pullFigures(storeWith([between, done]), stream, job)).toEqual({ ...stream, ...counts });
  });
  it('is that of the newest pull when the job that did it is gone', async () => {
    const job = row('a', 'collapsed', { collapsedInto: 'b' });
    expect(await pullFigures(storeWith([], counts), stream, job)).toEqual({ ...stream, ...counts });
  });
  it('is never made up', async () => {
    const job = row('a', 'collapsed', { collapsedInto: 'a' });
    await expect(pullFigures(storeWith([job]), stream, job)).rejects.toThrow(OutturnError);
  });
});
