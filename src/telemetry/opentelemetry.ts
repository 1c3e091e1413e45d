import {
  type Attributes,
  type Context,
  context,
  type DiagLogger,
  diag,
  type Span as OtelSpan,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  type TracerProvider as TracerProviderApi,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { asOutturnError, type Logger, type Redactor, type Span, type SpanAttributes, type SpanOptions } from '#kit';
import { nameTraceBy, withFacts, withoutFacts } from './log-scope.ts';
import { samplerOf } from './sampler.ts';
import type { OpenTracing, TracingSettings } from './tracing-settings.ts';

const OWN_NAME = 'outturn';
/** The queue's library makes spans of its own; the database's would show each statement. */
const KNOWN_TRACERS: ReadonlySet<string> = new Set([OWN_NAME, 'bullmq']);
const CLOSE_TIMEOUT_MS = 3_000;
const EXPORT_TIMEOUT_MS = 5_000;
const QUIET_MS = 60_000;

const spanKinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/**
 * OpenTelemetry for this process: its provider is also the global one, for the queue's library finds it there. `exporter`
 * takes the place of OTLP/HTTP.
 */
export function startTracing(settings: TracingSettings, exporter?: SpanExporter): OpenTracing {
  const { variables, redactor, log, version } = settings;
  const sampler = samplerOf(variables);
  diag.setLogger(quietly(log), { suppressOverrideMessage: true });
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': OWN_NAME, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler,
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: exporter ?? new OTLPTraceExporter({ timeoutMillis: EXPORT_TIMEOUT_MS }),
        ...delayOf(variables),
      }),
    ],
  });
  const known: TracerProviderApi = {
    getTracer: (name, ...rest) => (KNOWN_TRACERS.has(name) ? provider.getTracer(name, ...rest) : noTracer),
  };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(known);
  nameTraceBy(() => trace.getActiveSpan()?.spanContext().traceId);
  const tracer = provider.getTracer(OWN_NAME, version);

  function open(name: string, options: SpanOptions): { span: Span; context: Context } {
    const parent = parentOf(options.parent);
    const span = tracer.startSpan(
      redactor.text(name),
      {
        kind: spanKinds[options.kind ?? 'internal'],
        attributes: redacted(options.attributes ?? {}, redactor),
      },
      parent,
    );
    const within = trace.setSpan(parent, span);
    return { span: wrap(span, within, redactor), context: within };
  }

  return {
    isOn: true,
    traceParent: () => traceParentOf(context.active()),
    async span(name, options, work) {
      const opened = open(name, options);
      try {
        return await context.with(opened.context, () => work(opened.span));
      } catch (error) {
        opened.span.fail(error);
        throw error;
      } finally {
        opened.span.end();
      }
    },
    start: (name, options) => open(name, options).span,
    detached: (work) => context.with(ROOT_CONTEXT, () => withoutFacts(work)),
    within: withFacts,
    async close() {
      await withinTime(provider.shutdown(), CLOSE_TIMEOUT_MS);
      nameTraceBy(() => undefined);
      trace.disable();
      propagation.disable();
      context.disable();
      diag.disable();
    },
  };
}

/** Keeps what is active and makes nothing. */
const noTracer: Tracer = new ProxyTracerProvider().getTracer('none');

function wrap(span: OtelSpan, within: Context, redactor: Redactor): Span {
  return {
    traceParent: traceParentOf(within),
    set: (attributes) => void span.setAttributes(redacted(attributes, redactor)),
    fail(thrown) {
      const error = asOutturnError(thrown);
      const message = redactor.text(error.message);
      span.setAttribute('error.type', error.code);
      span.addEvent('exception', { 'exception.type': error.code, 'exception.message': message });
      span.setStatus({ code: SpanStatusCode.ERROR, message });
    },
    end: () => span.end(),
  };
}

function redacted(attributes: SpanAttributes, redactor: Redactor): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, typeof value === 'string' ? redactor.text(value) : value]),
  );
}

function parentOf(traceParent: string | null | undefined): Context {
  if (traceParent === undefined) return context.active();
  return traceParent === null ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent: traceParent });
}

function traceParentOf(of: Context): string | null {
  const carrier: { traceparent?: string } = {};
  propagation.inject(of, carrier);
  return carrier.traceparent ?? null;
}

/** A collector that is away is one event, not one a batch. */
function quietly(log: Logger): DiagLogger {
  let last = { message: '', atMs: Number.NEGATIVE_INFINITY };
  const warn = (message: string): void => {
    if (message === last.message && performance.now() - last.atMs < QUIET_MS) return;
    last = { message, atMs: performance.now() };
    log.warn({ reason: message }, 'traces could not be sent');
  };
  const silent = (): void => undefined;
  return { error: warn, warn, info: silent, debug: silent, verbose: silent };
}

function delayOf(variables: NodeJS.ProcessEnv): { scheduledDelayMillis?: number } {
  const delayMs = Number(variables['OTEL_BSP_SCHEDULE_DELAY'] || Number.NaN);
  return Number.isFinite(delayMs) && delayMs > 0 ? { scheduledDelayMillis: delayMs } : {};
}

async function withinTime(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([
    work.then(
      () => undefined,
      () => undefined,
    ),
    timeout,
  ]);
  clearTimeout(timer);
}
