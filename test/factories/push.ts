import { randomUUID } from 'node:crypto';
import { push } from '#connectors/push/index';
import type { Project } from '#domain';
import {
  type AnyConnectorKind,
  type Config,
  type ConnectorConfig,
  type Logger,
  type PushOptions,
  type PushStream,
} from '#kit';
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

export interface PushApi {
  /** What receiver and API were made of. */
  parts: unknown;
  api: Api;
  url: string;
  objects: Map<string, string>;
  closeSteps(connector: string, stream: string): Promise<ClosedSteps>;
  /** Runs the jobs that pushes asked for and whose time has come, and no others. Gives what they warn of. */
  closeDueSteps(connector: string): Promise<{ stream: string; warning: string }[]>;
  close(): Promise<void>;
}
type ClosedSteps = Awaited<ReturnType<ReturnType<typeof createPushSteps>['close']>>;

export interface PushBench extends Pick<PushApi, 'parts' | 'api' | 'url' | 'objects' | 'close'> {
  id: string;
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
  closeSteps(stream?: string): Promise<ClosedSteps>;
}

/** The real API, receiver and parser of one connector of kind push on a real database. */
export async function openPushBench(
  { store, clock }: Pick<PullBench, 'store' | 'clock'>,
  streams: Record<string, PushStream>,
  changes: { options?: Partial<PushOptions>; projects?: Project[]; id?: string; port?: number } = {},
): Promise<PushBench> {
  const id = changes.id ?? `push-${randomUUID().slice(0, 8)}`;
  const token = `${PUSH_TOKEN}-${id}`;
  const connector = {
    id,
    kind: 'push',
    options: { ...pushOptions, token, ...changes.options },
    streams: Object.entries(streams).map(([stream, options]) => ({ id: stream, options })),
  } as unknown as ConnectorConfig;
  const projects = (changes.projects ?? []).map((project) => ({
    ...project,
    metrics: project.metrics.map((metric) => ({ ...metric, source: { ...metric.source, connector: id } })),
    costSources: project.costSources.map((source) => ({ ...source, connector: id })),
  }));
  for (const project of projects) await store.projects.apply(draftsOf(project), byTest);
  const there = await openPushApi(
    { store, clock },
    { kind: push, connectors: [connector], projects, ...(changes.port === undefined ? {} : { port: changes.port }) },
  );
  return {
    ...there,
    id,
    async post(path, body, headers = {}) {
      const response = await fetch(`${there.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
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
    closeSteps: (stream = 'failures') => there.closeSteps(id, stream),
  };
}

/** The same of any kind that is sent to; `connectors` are those that the list has when a request comes. */
export async function openPushApi(
  { store, clock }: Pick<PullBench, 'store' | 'clock'>,
  {
    kind,
    connectors,
    projects = [],
    port = 0,
    log = silentLog,
    redact = (text) => text,
  }: {
    kind: AnyConnectorKind;
    connectors: readonly ConnectorConfig[];
    projects?: Project[];
    port?: number;
    log?: Logger;
    redact?(text: string): string;
  },
): Promise<PushApi> {
  const objects = new Map<string, string>();
  const parts = {
    config: { connectors, projects } as unknown as Config,
    registry: { connectorKind: (name: string) => (name === kind.kind ? kind : undefined) },
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
    log,
    metrics: createMetrics(),
    newId: randomUUID,
    redact,
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
  const { url } = await api.listen({ host: '127.0.0.1', port });
  async function run(jobId: string, connector: string, stream: string): Promise<ClosedSteps> {
    const started = await store.outbox.started(jobId, { attempt: 1, instance: 'test' });
    if (started === null) throw new Error('the job has ended');
    const request = { connector, stream, jobId, attempt: 1, fence: started.fence };
    const closed = await steps.close(request, { signal: new AbortController().signal, progress: () => {} });
    await store.outbox.succeeded(started.fence, closed);
    return closed;
  }
  return {
    parts,
    api,
    url,
    objects,
    async closeSteps(connector, stream) {
      const row = await store.transaction((tx) =>
        tx.outbox.enqueue({ kind: 'close-push-steps', args: { connector, stream }, cause: 'test' }),
      );
      return run(row.id, connector, stream);
    },
    async closeDueSteps(connector) {
      const rows = await store.outbox.list({ kind: 'close-push-steps', limit: 200 });
      const warnings: { stream: string; warning: string }[] = [];
      for (const { id, args, notBeforeMs, acknowledgedAtMs } of rows.reverse()) {
        const of = args as { connector: string; stream: string };
        if (of.connector !== connector || acknowledgedAtMs !== null || (notBeforeMs ?? 0) > clock.nowMs) continue;
        const closed = await run(id, connector, of.stream);
        for (const warning of closed.warnings) warnings.push({ stream: of.stream, warning });
      }
      return warnings;
    },
    close: () => api.close(),
  };
}
