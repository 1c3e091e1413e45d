import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { asOutturnError } from '#kit';
import { openPool } from './pool.ts';

/** A server without TLS: it answers the request for it with `N`, and what comes next is no TLS. */
async function plainServer(): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (first: Buffer) => {
      asked.push(first.readInt32BE(4) === 80_877_103 ? 'TLS' : 'plain');
      socket.end('N');
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, asked };
}
let server: Server | undefined;
afterEach(() => void server?.close());

describe('TLS to PostgreSQL', () => {
  it.each(['require', 'verify-ca', 'verify-full'])(
    'sslmode=%s asks for it, and goes without on no account',
    async (mode) => {
      const { port, asked } = await plainServer();
      const url = `postgres://u:p@127.0.0.1:${port}/x?sslmode=${mode}`;
      const error = await openPool(url, 'test').then(() => null, asOutturnError);
      expect(error?.message).toContain('SSL');
      expect(new Set(asked)).toEqual(new Set(['TLS']));
    },
  );
});
