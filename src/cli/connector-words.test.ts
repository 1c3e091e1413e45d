import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { ConnectorHealth, StreamHealth } from '#kit';
import { connectorDetails, connectorTable } from './connector-words.ts';

const NOW_MS = Date.parse('2026-06-20T12:00:00Z');
const stream = (id: string, secondsAgo: number | null, state: StreamHealth['state']): StreamHealth => ({
  id,
  state,
  watermarkMs: null,
  lagMs: null,
  allowedLagMs: null,
  lastSuccessAtMs: secondsAgo === null ? null : NOW_MS - secondsAgo * 1000,
  failingSinceMs: null,
  failures: 0,
  completeness: null,
  lastError: null,
  warnings: [],
  nextFireAtMs: null,
  schedule: null,
});
const connector = (state: StreamHealth['state'], seconds: readonly (number | null)[]): ConnectorHealth => ({
  id: 'shop',
  kind: 'push',
  state,
  needsAPerson: false,
  streams: seconds.map((each, index) => stream(`s${index}`, each, state)),
  checkedAtMs: null,
  unreadable: null,
  findings: [],
  expiresAtMs: null,
  limitsOfKind: {},
  budget: null,
});
const shown = (columns: number, ...given: Parameters<typeof connector>): string =>
  connectorTable({ color: pc.createColors(false), columns }, [connector(...given)], NOW_MS);

describe.each([80, 100, 140])('the list of connectors at %i columns', (columns) => {
  it('says that one stream got data a moment ago, and which never did', () => {
    const text = shown(columns, 'sent', [8, null]);
    expect(text).toMatch(/shop .*is sent to +2 +8s ago/);
    expect(text).toContain('1 of 2 streams never got anything: s1');
  });

  it('the same of one that is pulled', () => {
    const text = shown(columns, 'never-pulled', [3600, null, 60]);
    expect(text).toMatch(/never pulled +3 +60s ago/);
    expect(text).toContain('1 of 3 streams never succeeded: s1');
  });

  it('says never where none ever did, and names none', () => {
    const text = shown(columns, 'sent', [null, null]);
    expect(text).toMatch(/is sent to +2 +never/);
    expect(text).not.toContain('of 2 streams');
  });

  it('of streams that all succeeded, how long ago the last of them did', () => {
    expect(shown(columns, 'ok', [8, 7200])).toMatch(/ok +2 +2h ago/);
    expect(shown(columns, 'sent', [8, 7200])).toMatch(/is sent to +2 +8s ago/);
  });

  it('names no more than a few of many', () => {
    const many = Array.from({ length: 40 }, () => null);
    expect(shown(columns, 'sent', [8, ...many])).toMatch(/s5 and 35 more/);
  });
});

describe('a connector that cannot be read', () => {
  it('says why once, though its last check and its last pull found the same', () => {
    const message = 'a.yaml:2:3 connectors.shop.url: the environment variable SHOP_URL is not set';
    const code = 'config/missing-variable';
    const lastError = { code, message, atMs: NOW_MS };
    const unreadable: ConnectorHealth = {
      ...connector('unreadable', []),
      unreadable: { code, message },
      findings: [{ level: 'error', aspect: code, message }],
      streams: [{ ...stream('s0', 60, 'unreadable'), lastError, failingSinceMs: NOW_MS, failures: 1 }],
    };
    const look = { color: pc.createColors(false), columns: 140 };
    expect(connectorTable(look, [unreadable], NOW_MS).split('SHOP_URL')).toHaveLength(2);
    expect(connectorDetails(look, unreadable, NOW_MS).split('SHOP_URL')).toHaveLength(2);
  });
});
