import { describe, expect, it } from 'vitest';
import type { Config, Logger } from '#kit';
import { createMetrics } from '#src/telemetry/index';
import { silentLog } from '../../test/harness/silent-log.ts';
import { createApi } from './index.ts';

/** An API whose `/readyz` takes until `gate` is opened or broken. */
async function open(endPatienceMs?: number) {
  const gate = Promise.withResolvers<Record<string, null>>();
  const asked = Promise.withResolvers<void>();
  const told: string[] = [];
  const log: Logger = {
    ...silentLog,
    error: (facts) => void told.push(`error ${JSON.stringify(facts)}`),
    info: (_facts, message) => void told.push(message ?? ''),
  };
  const api = createApi({
    config: { connectors: [], projects: [] } as unknown as Config,
    registry: { connectorKind: () => undefined },
    clock: { nowMs: Date.now },
    store: {} as never,
    objects: {} as never,
    schedules: {} as never,
    operations: {} as never,
    backfills: {} as never,
    secrets: {} as never,
    metrics: createMetrics(),
    log,
    token: 'any',
    readiness: () => {
      asked.resolve();
      return gate.promise;
    },
    newId: () => crypto.randomUUID(),
    ...(endPatienceMs === undefined ? {} : { endPatienceMs }),
  });
  const { url } = await api.listen({ host: '127.0.0.1', port: 0 });
  const answer = fetch(`${url}/readyz`).then(
    ({ status }) => status,
    () => 'cut off',
  );
  await asked.promise;
  return { api, gate, answer, told };
}

describe('an API that ends', () => {
  it('answers the requests under way first', async () => {
    const { api, gate, answer } = await open();
    const closed = api.close();
    await new Promise(setImmediate);
    gate.resolve({});
    expect(await answer).toBe(200);
    await closed;
  });

  it('tells of one that takes too long in a line, not as a mistake of its own', async () => {
    const { api, gate, answer, told } = await open(1);
    await api.close();
    expect(await answer).toBe('cut off');
    gate.reject(new Error('Client is pending destroy.'));
    await new Promise(setImmediate);
    expect(told).toEqual(['a request was cut off, as this process ends; its sender may send it again']);
  });
});
