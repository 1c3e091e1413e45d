import type { DryRunResult, HttpClient } from '#kit';

type Exchange = DryRunResult['exchanges'][number];

/** The same client, telling of each answer what somebody who looks on wants to know. Refused requests throw, and are told there. */
export function observedHttp(http: HttpClient, nowMs: () => number, tell: (exchange: Exchange) => void): HttpClient {
  return {
    ...http,
    async request(request) {
      const startedAtMs = nowMs();
      const response = await http.request(request);
      tell({
        method: request.method ?? 'GET',
        url: response.url,
        ...(request.body === undefined
          ? {}
          : { body: typeof request.body === 'string' ? request.body : JSON.stringify(request.body) }),
        status: response.status,
        bytes: Buffer.byteLength(response.body),
        durationMs: nowMs() - startedAtMs,
      });
      return response;
    },
  };
}
