import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const STEP_MS = 15_000;

/** Quarters: sums of them are exact in binary floating point, so that delivery can be checked to the last digit. */
export const valueAt = (atMs: number): number => ((atMs / STEP_MS) % 1009) / 4;

/** Of the points from `fromMs`, excluded `toMs`. */
export function expectedSamples(fromMs: number, toMs: number): { count: number; sum: number } {
  let sum = 0;
  let count = 0;
  for (let atMs = fromMs; atMs < toMs; atMs += STEP_MS, count++) sum += valueAt(atMs);
  return { count, sum };
}

/** A body as Prometheus' `query_range` sends it: one series, values as text, pages of whatever the client asks for. */
export function matrixBody(startMs: number, endMs: number): string {
  const values: string[] = [];
  for (let atMs = startMs; atMs <= endMs; atMs += STEP_MS) values.push(`[${atMs / 1000},"${valueAt(atMs)}"]`);
  return `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"bench"},"values":[${values.join(',')}]}]}}`;
}

/** Answers on loopback what a Prometheus with one endless series would. */
export async function startSamplesServer(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    let form = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      form += chunk;
    });
    request.on('end', () => {
      const path = new URL(request.url ?? '/', 'http://bench').pathname;
      response.setHeader('content-type', 'application/json');
      if (!path.endsWith('/query_range')) return response.end('{"status":"success","data":{}}');
      const asked = new URLSearchParams(form);
      response.end(matrixBody(Number(asked.get('start')) * 1000, Number(asked.get('end')) * 1000));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
