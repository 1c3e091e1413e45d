import { SpanKind, type Telemetry } from 'bullmq';
import type { OutboxRow, Span, Tracing } from '#kit';
import type { QueueHandle } from './backend.ts';

type BullSpan = ReturnType<Telemetry['tracer']['startSpan']>;

/** What every span about a message says, by the semantic conventions for messaging. */
const messagingOf = (operation: 'publish' | 'process', queue: string) => ({
  'messaging.system': 'bullmq',
  'messaging.operation.name': operation,
  'messaging.operation.type': operation === 'publish' ? 'send' : 'process',
  'messaging.destination.name': queue,
});

const noSpan: BullSpan = {
  setSpanOnContext: (context) => context,
  setAttribute: () => undefined,
  setAttributes: () => undefined,
  addEvent: () => undefined,
  recordException: () => undefined,
  end: () => undefined,
};

/**
 * The workers' part of tracing: each job that one processes is a span that continues the trace of the intent. BullMQ's spans
 * about its own housekeeping (looking for jobs, renewing locks) would be most of all and say nothing: they are left out.
 * Undefined when nothing is traced.
 */
export async function openWorkerTelemetry(tracing: Tracing): Promise<Telemetry | undefined> {
  if (!tracing.isOn) return undefined;
  const { BullMQOtel } = await import('bullmq-otel');
  const { tracer, contextManager }: Telemetry = new BullMQOtel();
  return {
    contextManager,
    tracer: {
      startSpan(name, options, context) {
        if (options?.kind !== SpanKind.CONSUMER) return noSpan;
        const span: BullSpan = tracer.startSpan(name, options, context);
        span.setAttributes(messagingOf('process', name.slice(name.indexOf(' ') + 1)));
        return span;
      },
    },
  };
}

/** What the queue keeps with a job so that its run goes on with the trace of its intent. */
export const traceOf = (row: Pick<OutboxRow, 'traceParent'>): { telemetry?: { metadata: string } } =>
  row.traceParent === null ? {} : { telemetry: { metadata: JSON.stringify({ traceparent: row.traceParent }) } };

/** Each publication to this queue is a span between what asked for the job and the job's run. */
export function tracePublications(queue: QueueHandle, tracing: Tracing): QueueHandle {
  if (!tracing.isOn) return queue;
  const addBulk = queue.addBulk.bind(queue);
  queue.addBulk = async (jobs) => {
    const spans: Span[] = [];
    const traced = jobs.map((job) => {
      const parent = traceParentIn(job.opts?.telemetry?.metadata);
      if (parent === null) return job;
      const span = tracing.start(`publish ${queue.name}`, {
        kind: 'producer',
        parent,
        attributes: {
          ...messagingOf('publish', queue.name),
          'messaging.message.id': job.data.outboxId,
          'outturn.job.kind': job.name,
        },
      });
      spans.push(span);
      return { ...job, opts: { ...job.opts, ...traceOf(span) } };
    });
    try {
      return await addBulk(traced);
    } catch (error) {
      for (const span of spans) span.fail(error);
      throw error;
    } finally {
      for (const span of spans) span.end();
    }
  };
  return queue;
}

function traceParentIn(metadata: string | undefined): string | null {
  if (metadata === undefined) return null;
  const { traceparent } = JSON.parse(metadata) as { traceparent?: unknown };
  return typeof traceparent === 'string' ? traceparent : null;
}
