import { describe, expect, it } from 'vitest';
import type { BackfillChunkState, JobContext, JobPorts, PullRequest } from '#kit';
import { backfillChunk } from './backfill-chunk.ts';

const fence = { jobId: 'j', token: 1 };
const chunk = { seq: 2, fromMs: 0, toMs: 3_600_000 };
function world(begins: boolean, state: BackfillChunkState = 'queued') {
  const asked: PullRequest[] = [];
  const progress: [number, number][] = [];
  const names = { connector: 'shop', stream: 'failures', chunks: { total: 3, done: 1 } };
  const ports = {
    store: {
      backfills: {
        begin: async () => (begins ? { chunk, ...names } : null),
        get: async () => ({ id: 'b', ...names }),
        chunks: async () => [{ seq: 1 }, { ...chunk, state }],
        coverage: async () => [{ samples: 24, costs: 0, isPulled: true }],
      },
    },
    pulls: {
      run: async (request: PullRequest) => {
        asked.push(request);
        return {
          pullId: 'p',
          fromMs: 0,
          toMs: 1,
          pages: 1,
          rows: 2,
          inserted: 2,
          revisions: 0,
          warnings: ['w'],
          projects: [],
        };
      },
    },
  } as unknown as JobPorts;
  const { signal } = new AbortController();
  const report = (done: number, total: number): void => void progress.push([done, total]);
  const context: JobContext = { jobId: 'j', attempt: 1, fence, signal, ports, progress: report };
  return { ports, context, asked, progress };
}
const args = { backfill: 'b', seq: 2 };

describe('the job of a chunk', () => {
  it('reads its window as part of the backfill, and tells how many chunks are done', async () => {
    const { context, asked, progress } = world(true);
    expect(await backfillChunk.run(args, context)).toMatchObject({ pullId: 'p', inserted: 2, warningCount: 1 });
    const window = { connector: 'shop', stream: 'failures', fromMs: 0, toMs: 3_600_000 };
    expect(asked).toEqual([{ ...window, jobId: 'j', attempt: 1, fence, backfill: { id: 'b', seq: 2 } }]);
    expect(progress).toEqual([
      [1, 3],
      [2, 3],
    ]);
  });

  it('reads nothing when the chunk is done or another job was asked for', async () => {
    const { context, asked } = world(false);
    expect(await backfillChunk.run(args, context)).toHaveProperty('skipped');
    expect(asked).toEqual([]);
  });

  it('waits behind live work, in a queue of its own', () => {
    expect([backfillChunk.queue, backfillChunk.priority]).toEqual(['backfill', 'low']);
  });

  it('tells who thinks of a replay what it would read, what is there, and what follows', async () => {
    const effects = (await backfillChunk.preview?.(args, world(true).ports)) ?? [];
    expect(effects.map(({ effect, state }) => `${state}: ${effect}`)).toEqual([
      'to-do: read shop.failures from 1970-01-01T00:00:00.000Z to 1970-01-01T01:00:00.000Z, chunk 2 of 3',
      'done: leave the watermark where it is',
      'to-do: go on with the other chunks of the backfill b: 1',
    ]);
    expect(effects[0]?.detail).toContain('24 samples');
    expect((await backfillChunk.preview?.(args, world(true, 'done').ports))?.[0]?.state).toBe('done');
  });
});
