import type {
  ConnectorConfig,
  FetchFactory,
  HttpClient,
  Messenger,
  NewIntent,
  ObjectStore,
  OutboxRepository,
  ReportRenderer,
  Span,
  SpanAttributes,
  Store,
  Tracing,
} from '#kit';

/** Each request to a source is a span. The source is told nothing of it. */
export function traceFetch(fetch: FetchFactory, tracing: Tracing): FetchFactory {
  if (!tracing.isOn) return fetch;
  return {
    ...fetch,
    client(connector, ...rest) {
      const client = fetch.client(connector, ...rest);
      return { ...client, request: (request) => traced(connector, client, request) };
    },
  };

  function traced(connector: ConnectorConfig, client: HttpClient, request: Parameters<HttpClient['request']>[0]) {
    const method = request.method ?? 'GET';
    const attributes: SpanAttributes = {
      'http.request.method': method,
      'outturn.connector': connector.id,
    };
    return tracing.span(method, { kind: 'client', attributes }, async (span) => {
      const response = await client.request(request);
      span.set({ 'http.response.status_code': response.status, ...addressOf(response.url) });
      return response;
    });
  }
}

function addressOf(url: string): SpanAttributes {
  if (!URL.canParse(url)) return {};
  const { hostname, port, protocol } = new URL(url);
  return {
    'url.full': url,
    'server.address': hostname,
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
  };
}

/** Each delivery is a span: it ends what a schedule began. */
export function traceMessenger<M extends Messenger>(messenger: M, tracing: Tracing): M {
  if (!tracing.isOn) return messenger;
  const deliver: Messenger['deliver'] = (message, signal) => {
    // Neither address nor key, which holds the address: traces go to others than the mail does.
    const attributes = { 'outturn.delivery.channel': message.channel };
    return tracing.span(`deliver ${message.channel}`, { kind: 'client', attributes }, async (span) => {
      const outcome = await messenger.deliver(message, signal);
      span.set({ 'outturn.delivery.state': outcome.state });
      return outcome;
    });
  };
  return { ...messenger, deliver };
}

/** Each object that is written or read is a span. */
export function traceObjects(objects: ObjectStore, tracing: Tracing): ObjectStore {
  if (!tracing.isOn) return objects;
  const named = <T>(operation: string, key: string, work: (span: Span) => Promise<T>): Promise<T> =>
    tracing.span(`object ${operation}`, { kind: 'client', attributes: { 'outturn.object.key': key } }, work);
  return {
    ...objects,
    put: (key, body, ...rest) =>
      named('put', key, (span) => {
        span.set({ 'outturn.object.bytes': body.byteLength });
        return objects.put(key, body, ...rest);
      }),
    get: (key) => named('get', key, () => objects.get(key)),
    delete: (key) => named('delete', key, () => objects.delete(key)),
  };
}

/** Each report that is rendered is a span. */
export function traceReports(reports: ReportRenderer, tracing: Tracing): ReportRenderer {
  if (!tracing.isOn) return reports;
  return {
    ...reports,
    render: (input, format, options) =>
      tracing.span('render report', { attributes: { 'outturn.report.format': format } }, () =>
        reports.render(input, format, options),
      ),
  };
}

/**
 * Each transaction of a job is a span; those of loops that look for work, which belong to no trace, are none. What is asked
 * for outside a trace (a schedule that fires) begins one.
 */
export function traceStore(store: Store, tracing: Tracing): Store {
  if (!tracing.isOn) return store;
  const withRoots = (outbox: OutboxRepository): OutboxRepository => ({
    ...outbox,
    enqueue: (intent) => (tracing.traceParent() === null ? asRoot(intent, outbox) : outbox.enqueue(intent)),
  });
  const asRoot = (intent: NewIntent, outbox: OutboxRepository) =>
    tracing.span(
      `request ${intent.kind}`,
      { parent: null, attributes: { 'outturn.job.kind': intent.kind, 'outturn.job.cause': intent.cause } },
      () => outbox.enqueue(intent),
    );
  const transaction: Store['transaction'] = (work, options) => {
    const run = () => store.transaction((tx) => work({ ...tx, outbox: withRoots(tx.outbox) }), options);
    const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': 'COMMIT' };
    return tracing.traceParent() === null
      ? run()
      : tracing.span('store transaction', { kind: 'client', attributes }, run);
  };
  return { ...store, outbox: withRoots(store.outbox), transaction };
}
