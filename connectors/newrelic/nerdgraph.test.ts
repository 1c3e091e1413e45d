import { describe, expect, it } from 'vitest';
import type { HttpClient } from '#kit';
import { connectorContext } from '../../test/factories/connector.ts';
import { runNrql } from './nerdgraph.ts';
import { newrelicOptions } from './options.ts';

/** A source whose query is never over; it says when to ask again. */
function endless(retryAfter: number): { http: HttpClient; asked: () => number } {
  let asked = 0;
  const answer = {
    data: { actor: { account: { nrql: { queryProgress: { queryId: 'q', completed: false, retryAfter } } } } },
  };
  return {
    asked: () => asked,
    http: {
      request: async () => {
        asked += 1;
        return { status: 200, headers: {}, body: '', url: 'http://x/', receivedAtMs: 0, json: () => answer };
      },
    },
  };
}
const options = newrelicOptions.parse({ accounts: [1], async: true });

describe('a query in the background', () => {
  it('is cancelled while it is waited for', async () => {
    const cancel = new AbortController();
    const source = endless(30);
    const run = runNrql({ ...connectorContext(options), ...source, signal: cancel.signal }, 'stream s', 'SELECT 1');
    const reason = new Error('cancelled');
    queueMicrotask(() => cancel.abort(reason));
    await expect(run).rejects.toBe(reason);
    expect(source.asked()).toBe(1);
  });

  it('is given up when it never ends', async () => {
    const source = endless(0);
    const run = runNrql({ ...connectorContext(options), ...source }, 'stream s', 'SELECT 1');
    await expect(run).rejects.toMatchObject({ code: 'source/timeout' });
    expect(source.asked()).toBe(300);
  });
});
