import { describe, expect, it } from 'vitest';
import type { ConnectorConfig } from '#kit';
import { everyPulled, selectPulled } from './select-streams.ts';

const connectors = [
  { id: 'shop', kind: 'push', streams: [{ id: 'orders' }] },
  { id: 'metrics', kind: 'prometheus', streams: [{ id: 'failures' }, { id: 'load' }] },
] as unknown as ConnectorConfig[];

describe('streams that a command pulls', () => {
  it('all of them are those that can be pulled', () => {
    expect(everyPulled(connectors).map(({ stream }) => stream)).toEqual(['failures', 'load']);
  });

  it('one that is sent to is refused in words, before a job is asked for', () => {
    expect(() => selectPulled(connectors, ['metrics.load', 'shop'])).toThrow(
      'shop.orders is sent to: there is nobody to pull from.',
    );
    expect(selectPulled(connectors, ['metrics.load'])).toEqual([{ connector: 'metrics', stream: 'load' }]);
  });
});
