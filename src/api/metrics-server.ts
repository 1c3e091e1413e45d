import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Logger, type Metrics, PermanentError } from '#kit';

export interface MetricsServer {
  /** Where Prometheus finds this process. */
  url: string;
  close(): Promise<void>;
}

/**
 * `/metrics` and `/healthz` of a process that has no API, without a token: labels hold kinds, configured ids and outcomes only.
 * Throws `api/port-in-use`.
 */
export async function serveMetrics(
  metrics: Pick<Metrics, 'expose'>,
  { host, port, log }: { host: string; port: number; log: Logger },
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'text/plain', 'GET only\n');
    if (path === '/healthz') return answer(200, 'application/json', '{"status":"ok"}\n');
    if (path !== '/metrics') return answer(404, 'text/plain', 'There are /metrics and /healthz.\n');
    metrics.expose().then(
      ({ contentType, body }) => answer(200, contentType, body),
      (error: unknown) => {
        log.warn({ error }, 'metrics could not be exposed');
        answer(500, 'text/plain', 'metrics could not be exposed; the log says why\n');
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  }).catch((error: unknown) => {
    throw new PermanentError('api/port-in-use', `Metrics cannot be served on ${host}:${port}.`, {
      hint: 'Choose another port by --metrics-port or OUTTURN_METRICS_PORT, or end the process that holds it.',
      cause: error,
    });
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
