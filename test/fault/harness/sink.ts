import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Messenger } from '#kit';

/** Where messages go: notes every one that arrives, and says whether one with that key did. */
export interface MessageSink {
  url: string;
  /** How often a message of that idempotency key arrived. */
  received: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

export async function startSink(): Promise<MessageSink> {
  const received = new Map<string, number>();
  const server = createServer((request, response) => {
    const key = decodeURIComponent((request.url ?? '/').slice(1));
    const count = received.get(key) ?? 0;
    if (request.method === 'POST') received.set(key, count + 1);
    else if (count === 0) response.statusCode = 404;
    response.end(`message ${key}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port for the sink');
  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The worker's side of it; `onSent` is between the message's arrival and anybody's knowing of it. */
export function sinkMessenger(url: string, onSent: () => Promise<void>): Messenger {
  const addressOf = (key: string): string => `${url}/${encodeURIComponent(key)}`;
  return {
    async deliver({ idempotencyKey }, signal) {
      const answer = await fetch(addressOf(idempotencyKey), { method: 'POST', signal });
      const messageId = await answer.text();
      await onSent();
      return { state: 'sent', messageId };
    },
    async reconcile(_channel, _address, idempotencyKey) {
      const answer = await fetch(addressOf(idempotencyKey));
      const messageId = await answer.text();
      return answer.ok ? { messageId } : 'absent';
    },
  };
}
