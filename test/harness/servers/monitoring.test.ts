import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../packages.ts';
import { pollUntil } from '../poll.ts';
import { type NodeExporter, startNodeExporter } from './node-exporter.ts';
import { openMetrics, type PrometheusServer, startPrometheus } from './prometheus.ts';
import { type RedisServer, startRedis } from './redis.ts';

describeWith(['prometheus', 'node-exporter'], 'a real Prometheus', () => {
  const hourMs = 3_600_000;
  const newestMs = Math.floor(Date.now() / hourMs) * hourMs - hourMs;
  let exporter: NodeExporter;
  let prometheus: PrometheusServer;
  beforeAll(async () => {
    exporter = await startNodeExporter();
    const points = Array.from({ length: 24 * 40 }, (_, index) => ({
      atMs: newestMs - index * hourMs,
      value: index,
    })).reverse();
    prometheus = await startPrometheus({
      scrapeTargets: [exporter.target],
      history: openMetrics([
        { name: 'queue_length', type: 'gauge', series: [{ labels: { site: 'hall "1"' }, points }] },
      ]),
    });
  });
  afterAll(async () => {
    await prometheus?.close();
    await exporter?.close();
  });

  it('has forty days of history at once', async () => {
    const [oldest] = await prometheus.query(`queue_length @ ${(newestMs - 24 * 39 * hourMs) / 1_000}`);
    expect(oldest?.value[1]).toBe(String(24 * 39));
    expect(oldest?.metric.site).toBe('hall "1"');
  });

  it('scrapes a real node exporter', async () => {
    const [load] = await pollUntil('a sample of the node exporter', async () => {
      const result = await prometheus.query('node_load1');
      return result.length > 0 ? result : null;
    });
    expect(Number(load?.value[1])).toBeGreaterThanOrEqual(0);
  });
});

describeWith(['prometheus'], 'a Prometheus with basic auth', () => {
  it('refuses those without the password', async () => {
    const prometheus = await startPrometheus({
      webConfig: 'basic_auth_users:\n  outturn: $2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2\n',
      credentials: { username: 'outturn', password: 'correct horse' },
    });
    try {
      expect((await fetch(`${prometheus.url}/api/v1/query?query=1`)).status).toBe(401);
      expect(await prometheus.query('vector(1)')).toHaveLength(1);
    } finally {
      await prometheus.close();
    }
  });
});

describeWith(['redis'], 'a real Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.close());

  it('keeps every key and every command', async () => {
    const client = new Redis(redis.url);
    try {
      expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
      expect(await client.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    } finally {
      client.disconnect();
    }
  });
});
