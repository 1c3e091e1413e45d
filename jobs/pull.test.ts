import { describe, expect, it } from 'vitest';
import type { JobPorts, PullRequest, PullSummary } from '#kit';
import { pull } from './pull.ts';

describe('the job pull', () => {
  it('is one for each stream, and another one for each window given by hand', () => {
    const stream = { connector: 'c', stream: 's' };
    expect(pull.dedupeKey(stream)).toBe('c/s');
    const backfill = { ...stream, from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' };
    expect(pull.dedupeKey(backfill)).not.toBe(pull.dedupeKey(stream));
    expect(pull.dedupeKey(backfill)).not.toBe(pull.dedupeKey({ ...backfill, to: '2026-03-01T00:00:00Z' }));
  });

  it.each([
    { connector: 'c', stream: 's', from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' },
    { connector: 'c', stream: 's', from: 'yesterday' },
    { connector: 'c', stream: 's', form: '2026-01-01T00:00:00Z' },
    { connector: 'c' },
  ])('refuses %j', (args) => {
    expect(pull.args.safeParse(args).success).toBe(false);
  });

  it('hands the window, the job and the signal on, and keeps the first warnings', async () => {
    const { signal } = new AbortController();
    const asked: unknown[] = [];
    const summary: PullSummary = {
      pullId: 'p',
      connector: 'c',
      stream: 's',
      fromMs: 0,
      toMs: 1,
      pages: 1,
      rows: 2,
      inserted: 2,
      revisions: 0,
      warnings: Array.from({ length: 30 }, (_, n) => `warning ${n}`),
      projects: [],
    };
    const pulls = {
      run: async (request: PullRequest, context: { signal: AbortSignal }) => {
        asked.push(request, context.signal);
        return summary;
      },
    };
    const fence = { jobId: 'j', token: 3 };
    const result = await pull.run(
      { connector: 'c', stream: 's', from: '2026-01-01T01:00:00+01:00' },
      { jobId: 'j', attempt: 2, fence, signal, ports: { pulls } as unknown as JobPorts, progress: () => {} },
    );
    expect(asked).toEqual([
      {
        connector: 'c',
        stream: 's',
        fromMs: Date.parse('2026-01-01T00:00:00Z'),
        toMs: null,
        jobId: 'j',
        attempt: 2,
        fence,
      },
      signal,
    ]);
    expect(result).toMatchObject({ pullId: 'p', inserted: 2, warningCount: 30 });
    expect(result).toHaveProperty('warnings.length', 20);
  });
});

describe('the preview of a pull', () => {
  it('tells what it would read, what is stored of that, and whether the watermark moves', async () => {
    const at = (text: string): number => Date.parse(text);
    const ports = {
      pulls: {
        preview: async () => ({
          fromMs: at('2026-01-01T00:00:00Z'),
          toMs: at('2026-01-02T00:00:00Z'),
          watermarkMs: at('2026-01-01T12:00:00Z'),
          advanceToMs: at('2026-01-02T00:00:00Z'),
        }),
      },
      store: { backfills: { coverage: async () => [{ samples: 5, costs: 2, isPulled: false }] } },
    } as unknown as JobPorts;
    expect(await pull.preview?.({ connector: 'c', stream: 's' }, ports)).toEqual([
      {
        effect: 'read c.s from 2026-01-01T00:00:00.000Z to 2026-01-02T00:00:00.000Z',
        state: 'to-do',
        detail: '5 samples and 2 cost lines of it are stored; only what differs is added',
      },
      {
        effect: 'move the watermark to 2026-01-02T00:00:00.000Z',
        state: 'to-do',
        detail: 'it is at 2026-01-01T12:00:00.000Z',
      },
    ]);
  });
});
