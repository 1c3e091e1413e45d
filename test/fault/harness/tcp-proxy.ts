import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';

/** A network between a worker and a server, that can fall silent: nothing is closed, nothing comes through. */
export interface TcpProxy {
  port: number;
  /** `address` with the proxy in place of its host. */
  through(address: string): string;
  /** All connections of now and, without `which`, those to come; `which` chooses by the first bytes. Returns how many. */
  silence(which?: (greeting: string) => boolean): number;
  /** New connections come through again; those of before the silence are dead, as a router forgets them. */
  restore(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const pairs = new Set<{ client: Socket; upstream: Socket; greeting: string }>();
  const doomed = new Set<Socket>();
  let isSilent = false;
  const hold = (socket: Socket): void => {
    socket.pause();
    doomed.add(socket);
  };
  const server = createServer((client) => {
    const upstream = dial({ host: hostname, port: Number(port) });
    const pair = { client, upstream, greeting: '' };
    pairs.add(pair);
    client.once('data', (chunk) => {
      pair.greeting = chunk.toString('latin1');
    });
    client.once('close', () => pairs.delete(pair));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('data', (chunk) => {
        if (!doomed.has(socket)) other.write(chunk);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        // In the silence the other side does not learn of it.
        if (!doomed.has(socket)) other.destroy();
      });
      if (isSilent) hold(socket);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port for the proxy');
  return {
    port: address.port,
    through(original) {
      const url = new URL(original);
      url.hostname = '127.0.0.1';
      url.port = String(address.port);
      return url.href;
    },
    silence(which) {
      if (which === undefined) isSilent = true;
      const chosen = [...pairs].filter(({ greeting }) => which?.(greeting) ?? true);
      for (const { client, upstream } of chosen) for (const socket of [client, upstream]) hold(socket);
      return chosen.length;
    },
    restore() {
      isSilent = false;
      for (const socket of doomed) socket.destroy();
      doomed.clear();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
