import { compress } from 'snappyjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PushOptions, PushStream } from '#kit';
import { openPushBench, type PushBench, seriesStream } from '../../test/factories/push.ts';
import {
  headers1,
  headers2,
  type SentSeries,
  writeRequest1,
  writeRequest2,
} from '../../test/factories/remote-write.ts';
import { HOUR, openPullBench, type PullBench, START } from '../../test/factories/scripted-pull.ts';

const MINUTE = 60_000;
/** Minutes after START. */
const minute = (count: number): number => START + count * MINUTE;

// What is published of remote write is in the cases of connectors/push; here is what only our side knows of.
describe('what a Prometheus writes to us', () => {
  let bench: PullBench;
  let there: PushBench;
  beforeAll(async () => {
    bench = await openPullBench();
  });
  afterAll(() => bench.close());
  beforeEach(() => {
    bench.clock.nowMs = START;
  });
  afterEach(() => there.close());

  const open = async (stream: PushStream = seriesStream(), options: Partial<PushOptions> = {}) => {
    there = await openPushBench(bench, { failures: stream }, { options });
  };
  const send = (series: readonly SentSeries[], version: 1 | 2 = 1) =>
    there.post(
      `/v1/push/${there.id}/prometheus`,
      version === 1 ? writeRequest1(series) : writeRequest2(series),
      version === 1 ? headers1 : headers2,
    );
  /** A counter of one pod, by minutes after START. */
  const counter = (
    points: readonly (readonly [number, number | 'stale'])[],
    labels: Record<string, string> = {},
  ): SentSeries => ({
    labels: { __name__: 'failures_total', shop: 'web', pod: 'a', ...labels },
    samples: points.map(([minutes, value]) => [minute(minutes), value]),
  });
  const measured = async () =>
    (
      await bench.store.measurements.read(
        { connector: there.id, stream: 'failures', labels: {} },
        { fromMs: START - 100 * HOUR, toMs: START + 100 * HOUR },
      )
    )
      .map(({ atMs, value, revision }) => [(atMs - START) / HOUR, value, revision] as const)
      .sort(([a, x], [b, y]) => a - b || (x ?? 0) - (y ?? 0));
  const later = (minutes: number): void => {
    bench.clock.nowMs = minute(minutes);
  };

  it.each([1, 2] as const)(
    'version %i: a step is measured when it is over, from one sample to the next',
    async (version) => {
      await open();
      later(59);
      const answer = await send(
        [
          counter([
            [0, 10],
            [30, 14],
            [59, 15],
          ]),
        ],
        version,
      );
      expect(answer.status).toBe(204);
      expect(answer.headers.get('x-prometheus-remote-write-samples-written')).toBe('3');
      expect(await measured()).toEqual([]);
      const jobs = (await bench.store.outbox.list({ kind: 'close-push-steps', limit: 100 })).filter(
        ({ args }) => (args as { connector?: string }).connector === there.id,
      );
      // That of the first sample is over; the other one is waited for.
      expect(jobs.map(({ notBeforeMs }) => ((notBeforeMs ?? 0) - START) / MINUTE).sort()).toEqual([59, 62]);
      later(120);
      await send(
        [
          counter([
            [60, 16],
            [90, 20],
            [119, 21],
          ]),
        ],
        version,
      );
      later(123);
      await there.closeSteps();
      // The scrape at the very end of the first hour belongs to it: 10 → 16; then 16 → 21.
      expect(await measured()).toEqual([
        [0, 6, 1],
        [1, 5, 1],
      ]);
    },
  );

  it('the same request again, from the same sender or after a restart, counts nothing twice', async () => {
    await open();
    later(61);
    const request = [
      counter([
        [1, 10],
        [31, 14],
        [60, 15],
      ]),
    ];
    await send(request);
    await send(request);
    later(63);
    await there.closeSteps();
    await send(request);
    expect(await there.closeSteps()).toMatchObject({ steps: 0 });
    expect(await measured()).toEqual([[0, 5, 1]]);
  });

  it('a level is the newest value at the end of each step, at most five minutes old, and gone after a stale marker', async () => {
    await open(seriesStream({ as: 'level', step: 5 * MINUTE, labels: ['pod'] }));
    later(20);
    await send([
      counter([
        [4, 7],
        [8, 8],
        [11, 'stale'],
      ]),
      counter([[1, 3]], { pod: 'b' }),
    ]);
    await there.closeSteps();
    expect((await measured()).map(([hour, value]) => [Math.round(Number(hour) * 60), value])).toEqual([
      [5, 3],
      [5, 7],
      [10, 8],
    ]);
  });

  it('times that are no times and labels that nobody could store harm no other series', async () => {
    await open();
    later(61);
    // Nanoseconds where milliseconds are due, as some exporters give them, and the least of all.
    const strange = { ...counter([], { pod: 'b' }), samples: [[START * 1e6, 1] as const, [-(2 ** 62), 2] as const] };
    const answer = await send([
      strange,
      counter([[1, 1]], { pod: 'x'.repeat(5_000) }),
      { labels: { __name__: 'other_total', url: 'x'.repeat(5_000) }, samples: [[START, 1]] },
      counter([
        [1, 10],
        [31, 14],
      ]),
    ]);
    expect(answer).toMatchObject({ status: 400, body: { code: 'api/bad-request' } });
    expect(answer.body['detail']).toMatch(/^3 of 6 samples can never be stored/);
    expect(answer.body['detail']).toMatch(/no time/);
    expect(answer.body['detail']).toMatch(/more than 4096 characters/);
    expect(answer.headers.get('x-prometheus-remote-write-samples-written')).toBe('3');
    later(63);
    await there.closeSteps();
    expect(await measured()).toEqual([[0, 4, 1]]);
  });

  it('a late sample that one stream refuses and another one stores is written', async () => {
    const prompt = seriesStream({ late: 0 });
    there = await openPushBench(bench, { failures: seriesStream(), prompt });
    later(4 * 60);
    const answer = await send([counter([[30, 1]])]);
    expect([answer.status, answer.headers.get('x-prometheus-remote-write-samples-written')]).toEqual([204, '1']);
    const mixed = await send([counter([[31, 1]]), counter([[-20 * 60, 1]], { pod: 'b' })]);
    expect([mixed.status, mixed.headers.get('x-prometheus-remote-write-samples-written')]).toEqual([400, '1']);
    expect(mixed.body['detail']).toMatch(/^1 of 2 samples can never be stored.*left out 1 sample: its step/);
  });

  it('a body of millions of empty series is refused before they fill the memory', async () => {
    await open();
    const flood = Buffer.alloc(600_000, Buffer.from([0x0a, 0x00]));
    const answer = await there.post(
      `/v1/push/${there.id}/prometheus`,
      Buffer.from(compress(new Uint8Array(flood))),
      headers1,
    );
    expect(answer).toMatchObject({ status: 413, body: { code: 'api/too-large' } });
  });

  it('samples are let go when late ones are no longer expected, but for the last one that the next is counted from', async () => {
    await open();
    later(61);
    await send([
      counter([
        [1, 10],
        [31, 14],
        [60, 15],
      ]),
    ]);
    later(12 * 60 + 1);
    await send([counter([[12 * 60, 40]])]);
    later(12 * 60 + 3);
    const closed = await there.closeSteps();
    expect(closed.warnings.join()).toContain('was silent from 2026-06-01T01:00:00.000Z on');
    later(13 * 60 + 3);
    await send([counter([[13 * 60, 41]])]);
    await there.closeSteps();
    expect(await measured()).toEqual([
      [0, 5, 1],
      [11, 25, 1],
      [12, 1, 1],
    ]);
  });
});
