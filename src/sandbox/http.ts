import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { PermanentError } from '#kit';

export interface LoopbackServer {
  port: number;
  /** `http://127.0.0.1:port` */
  url: string;
  close(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void> | void;

/** An HTTP server on a free port of 127.0.0.1. What a handler throws becomes a plain 500. */
export async function listenOnLoopback(handler: Handler): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    Promise.resolve()
      .then(() => handler(request, response, url))
      .catch((error: unknown) => {
        if (response.headersSent) return response.destroy();
        const status = error instanceof BodyTooLarge ? 413 : 500;
        send(response, status, 'text/plain; charset=utf-8', error instanceof Error ? error.message : String(error));
      });
  });
  const port = await listen(server);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new PermanentError('internal', `the sandbox cannot listen on 127.0.0.1: ${cause.message}`, { cause })),
    );
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new PermanentError('internal', 'no port'));
      else resolve(address.port);
    });
  });
}

class BodyTooLarge extends Error {}

/** The whole body, at most 16 MiB. */
export async function readBody(request: IncomingMessage, maxBytes = 16 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += part.length;
    if (bytes > maxBytes) throw new BodyTooLarge('request entity too large');
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

export function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  response.writeHead(status, { 'content-type': contentType, 'content-length': String(bytes.length), ...headers });
  response.end(bytes);
}

/** Whether the request carries exactly this secret in its Authorization header. */
export function authorised(request: IncomingMessage, expected: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(expected);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
