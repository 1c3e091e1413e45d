import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPushBench, PUSH_TOKEN, type PushBench, seriesStream } from '../../test/factories/push.ts';
import { openPullBench, type PullBench } from '../../test/factories/scripted-pull.ts';
import { describeWith } from '../../test/harness/packages.ts';
import { pollUntil } from '../../test/harness/poll.ts';
import { freePort } from '../../test/harness/ports.ts';
import { type PrometheusServer, startPrometheus } from '../../test/harness/servers/prometheus.ts';

const ID = 'real-prometheus';

/** A counter that grows by one with each scrape. */
async function startTarget(): Promise<{ target: string; server: Server }> {
  let count = 0;
  const server = createServer((_request, response) => {
    count += 1;
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(`# TYPE failures_total counter\nfailures_total{shop="web"} ${count}\nother_total ${count}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { target: `127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describeWith(['prometheus'], 'a real Prometheus that writes to us', () => {
  let bench: PullBench;
  let there: PushBench;
  let target: Awaited<ReturnType<typeof startTarget>>;
  let prometheus: PrometheusServer;
  let database: Client;
  let port: number;
  /** As it goes by here, unlike the bench's own. */
  const clock = {
    get nowMs() {
      return Date.now();
    },
  };
  const open = () =>
    openPushBench({ store: bench.store, clock }, { failures: seriesStream({ step: 60_000 }) }, { id: ID, port });

  beforeAll(async () => {
    [bench, port, target] = await Promise.all([openPullBench(), freePort(), startTarget()]);
    there = await open();
    database = new Client({ connectionString: bench.databaseUrl });
    await database.connect();
    prometheus = await startPrometheus({
      scrapeTargets: [target.target],
      scrapeIntervalMs: 200,
      remoteWrite: { url: `http://127.0.0.1:${port}/v1/push/${ID}/prometheus`, token: `${PUSH_TOKEN}-${ID}` },
    });
  }, 120_000);
  afterAll(async () => {
    await prometheus?.close();
    target?.server.close();
    await there?.close();
    await database?.end();
    await bench?.close();
  });

  /** Time in ms and value of each sample that has one. */
  const received = async (): Promise<[number, number][]> => {
    const { rows } = await database.query<{ at: string; value: number }>(`
      SELECT round(extract(epoch FROM p.at) * 1000)::bigint AS at, p.value
      FROM push_sample p JOIN push_series s ON s.id = p.series_id
      WHERE s.connector = '${ID}' AND p.value IS NOT NULL ORDER BY p.at`);
    return rows.map(({ at, value }) => [Number(at), value]);
  };
  const countNow = async (): Promise<number> => (await received()).length;
  const grownBy = (what: string, samples: number, before: number) =>
    pollUntil(what, async () => (await countNow()) >= before + samples);

  it('nothing that it sends is lost and nothing doubled while each of the two is restarted', async () => {
    await grownBy('the first samples', 3, 0);
    await there.close();
    // Samples are scraped meanwhile and wait in its queue.
    const scraped = async () =>
      Number((await prometheus.query('count_over_time(failures_total[10m])')).at(0)?.value[1] ?? 0);
    const before = await countNow();
    await pollUntil('samples that nobody takes', async () => (await scraped()) >= before + 3);
    there = await open();
    await grownBy('the samples of the time that we were away', 3, before);
    // Begun anew it sends what it scrapes from then on: what was scraped just before and not sent stays with it
    // (https://github.com/prometheus/prometheus/issues/8809). Of that short time no sample need come.
    const sentBefore = (await received()).at(-1)?.[0] ?? 0;
    await prometheus.restart();
    const restartedAt = Date.now();
    const mustCome = ([at]: [number, number]): boolean => at <= sentBefore || at > restartedAt;
    await grownBy('samples of the restarted one', 3, await countNow());

    const response = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent('failures_total[10m]')}`);
    const body = (await response.json()) as { data: { result: { values: [number, string][] }[] } };
    const own = body.data.result
      .flatMap(({ values }) => values)
      .map(([at, value]): [number, number] => [Math.round(at * 1000), Number(value)]);
    await pollUntil('all that it has', async () => ((await received()).at(-1)?.[0] ?? 0) >= (own.at(-1)?.[0] ?? 0));
    const last = own.at(-1)?.[0] ?? 0;
    const came = (await received()).filter(([at]) => at <= last);
    expect(came.filter(mustCome)).toEqual(own.filter(mustCome));
    expect(own).toEqual(expect.arrayContaining(came));
    const { rows } = await database.query(`SELECT labels FROM push_series WHERE connector = '${ID}'`);
    expect(rows).toEqual([
      { labels: { __name__: 'failures_total', instance: target.target, job: 'node', shop: 'web' } },
    ]);
  }, 120_000);
});
