import { randomUUID } from 'node:crypto';
import { push } from '#connectors/push/index';
import type { Project } from '#domain';
import type { Config, ConnectorConfig, PushOptions, PushStream } from '#kit';
import { type Api, createApi } from '#src/api/index';
import { createExtractor } from '#src/extract/index';
import { createPushReceiver, createPushSteps } from '#src/ingest/index';
import { createMetrics } from '#src/telemetry/index';
import { silentLog } from '../harness/database.ts';
import type { PullBench } from './scripted-pull.ts';
import { byTest, draftsOf } from './value.ts';

export const PUSH_TOKEN = 'a-token-to-push-with';
export const ADMIN_TOKEN = 'the-admin-token';

export const pushOptions: PushOptions = {
  token: PUSH_TOKEN,
  requestsPerMinute: 10_000,
  maxBody: 1024 ** 2,
  maxClockSkew: 300_000,
  replicaLabels: ['prometheus_replica', '__replica__'],
};

export const seriesStream = (changes: Partial<Extract<PushStream, { accepts: 'prometheus' }>> = {}): PushStream => ({
  accepts: 'prometheus',
  match: [{ name: '__name__', op: '=', value: 'failures_total' }],
  as: 'increase',
  step: 3_600_000,
  labels: ['shop'],
  combine: 'sum',
  unit: 'failures',
  settle: 120_000,
  late: 6 * 3_600_000,
  maxSeries: 100,
  ...changes,
});

export interface PushBench {
  id: string;
  /** What receiver and API were made of. */
  parts: unknown;
  api: Api;
  url: string;
  objects: Map<string, string>;
  /** Answers with the status that comes. */
  post(
    path: string,
    body: string | Buffer | ReadableStream,
    headers?: Record<string, string>,
  ): Promise<{
    status: number;
    headers: Headers;
    body: Record<string, unknown> & { errors?: Record<string, unknown>[] };
  }>;
  closeSteps(stream?: string): Promise<Awaited<ReturnType<ReturnType<typeof createPushSteps>['close']>>>;
  close(): Promise<void>;
}

/** The real API, receiver and parser of one connector of kind push on a real database. */
export async function openPushBench(
  { store, clock }: Pick<PullBench, 'store' | 'clock'>,
  streams: Record<string, PushStream>,
  changes: { options?: Partial<PushOptions>; projects?: Project[]; id?: string; port?: number } = {},
): Promise<PushBench> {
  const id = changes.id ?? `push-${randomUUID().slice(0, 8)}`;
  const connector = {
    id,
    kind: 'push',
    options: { ...pushOptions, token: `${PUSH_TOKEN}-${id}`, ...changes.options },
    streams: Object.entries(streams).map(([stream, options]) => ({ id: stream, options })),
  } as unknown as ConnectorConfig;
  const projects = (changes.projects ?? []).map((project) => ({
    ...project,
    metrics: project.metrics.map((metric) => ({ ...metric, source: { ...metric.source, connector: id } })),
    costSources: project.costSources.map((source) => ({ ...source, connector: id })),
  }));
  for (const project of projects) await store.projects.apply(draftsOf(project), byTest);
  const objects = new Map<string, string>();
  const parts = {
    config: { connectors: [connector], projects } as unknown as Config,
    registry: { connectorKind: (kind: string) => (kind === 'push' ? push : undefined) },
    store,
    objects: {
      async put(key: string, body: Buffer) {
        objects.set(key, body.toString());
        return { key, location: key, bytes: body.length, sha256: '' };
      },
      async delete(key: string) {
        objects.delete(key);
      },
      get: async (key: string) => Buffer.from(objects.get(key) ?? ''),
      check: async () => {},
    },
    extract: createExtractor(),
    clock: { nowMs: () => clock.nowMs },
    log: silentLog,
    metrics: createMetrics(),
    newId: randomUUID,
    redact: (text: string) => text,
  };
  const steps = createPushSteps(parts);
  const api = createApi({
    ...parts,
    push: createPushReceiver(parts),
    schedules: {} as never,
    operations: {} as never,
    backfills: {} as never,
    secrets: {} as never,
    token: ADMIN_TOKEN,
    readiness: async () => ({}),
  });
  const { url } = await api.listen({ host: '127.0.0.1', port: changes.port ?? 0 });
  return {
    id,
    parts,
    api,
    url,
    objects,
    async post(path, body, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${PUSH_TOKEN}-${id}`,
          'content-type': 'application/json',
          ...headers,
        },
        body,
        ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
      } as RequestInit);
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
      };
    },
    async closeSteps(stream = 'failures') {
      const row = await store.transaction((tx) =>
        tx.outbox.enqueue({ kind: 'close-push-steps', args: { connector: id, stream }, cause: 'test' }),
      );
      const run = await store.outbox.started(row.id, { attempt: 1, instance: 'test' });
      if (run === null) throw new Error('the job has ended');
      const request = { connector: id, stream, jobId: row.id, attempt: 1, fence: run.fence };
      return steps.close(request, { signal: new AbortController().signal, progress: () => {} });
    },
    close: () => api.close(),
  };
}
