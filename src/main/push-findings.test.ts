import { describe, expect, it } from 'vitest';
import type { ConnectorConfig, Store } from '#kit';
import { pushOptions, seriesStream } from '../../test/factories/push.ts';
import { pushFindings } from './push-findings.ts';

const NOW = Date.parse('2026-06-10T12:00:00Z');
const HOUR = 3_600_000;

const connector = {
  id: 'shop',
  kind: 'push',
  options: { ...pushOptions, previousToken: 'the-token-of-before' },
  streams: [
    {
      id: 'orders',
      options: { accepts: 'measurements', unit: 'orders', interval: HOUR, labels: [], optionalLabels: [] },
    },
    { id: 'failures', options: seriesStream() },
    { id: 'invoices', options: { accepts: 'costs' } },
  ],
} as unknown as ConnectorConfig;

const storeOf = (last: Record<string, number>) =>
  ({
    pulls: {
      latest: async (_: string, stream: string) => (last[stream] === undefined ? null : { startedAtMs: last[stream] }),
    },
    push: { lastReceivedAtMs: async () => last['samples'] ?? null },
    watermarks: { get: async () => null },
  }) as unknown as Store;

describe('`outturn check` of a connector that is sent to', () => {
  const lines = async (store: Store | null) =>
    (await pushFindings(connector, { store, nowMs: NOW })).map(
      ({ level, stream, message }) => `${level} ${stream ?? '-'} ${message}`,
    );

  it('tells when each stream received something, and that two tokens are valid', async () => {
    expect(await lines(storeOf({ orders: NOW - 2 * HOUR, samples: NOW - 60_000 }))).toEqual([
      'warning - two tokens are valid: token and previousToken',
      'ok orders last received 2026-06-10T10:00:00.000Z, 2h ago',
      'ok failures last received 2026-06-10T11:59:00.000Z, 1m ago',
      'warning invoices nothing has come yet',
    ]);
  });

  it('warns of a sender that has fallen silent', async () => {
    expect(
      (await lines(storeOf({ orders: NOW - 72 * HOUR, failures: NOW - HOUR, invoices: NOW - 900 * HOUR }))).slice(1),
    ).toEqual([
      'warning orders last received 2026-06-07T12:00:00.000Z, 3d ago',
      'warning failures last received 2026-06-10T11:00:00.000Z, 1h ago',
      'ok invoices last received 2026-05-04T00:00:00.000Z, 37d12h ago',
    ]);
  });

  it('says that without a database nothing is known', async () => {
    expect((await lines(null)).at(-1)).toBe('warning - no database answers: what came last is not known');
  });
});
