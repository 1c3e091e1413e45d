import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, it } from 'vitest';
import { createRedactor, noTracing, PermanentError, type Tracing } from '#kit';
import { createLogger, type OpenTracing, openTracing } from './index.ts';
import { startTracing } from './opentelemetry.ts';

const secret = 'correct horse/battery';
const open: OpenTracing[] = [];
afterEach(async () => {
  for (const tracing of open.splice(0)) await tracing.close();
});

function settings(variables: NodeJS.ProcessEnv = {}) {
  const lines: string[] = [];
  const redactor = createRedactor([secret]);
  const log = createLogger({ level: 'debug', redactor, format: 'json', write: (line) => lines.push(line) });
  return { variables, redactor, log, lines, version: '1.2.3' };
}
const factsOf = (line: string | undefined) => JSON.parse(line ?? '{}') as Record<string, unknown>;

/** Spans are looked at before the exporter is closed, which empties it. */
function traced(variables: NodeJS.ProcessEnv = {}) {
  const exporter = new InMemorySpanExporter();
  const ended: ReturnType<InMemorySpanExporter['getFinishedSpans']> = [];
  const shutdown = exporter.shutdown.bind(exporter);
  exporter.shutdown = () => {
    ended.push(...exporter.getFinishedSpans());
    return shutdown();
  };
  const given = settings(variables);
  const tracing = startTracing(given, exporter);
  open.push(tracing);
  return { ...given, tracing, spans: () => tracing.close().then(() => ended) };
}

/** Whoever uses the port may rely on this, whether or not anything is traced. */
describe.each<[string, () => Promise<Tracing>]>([
  ['without any', async () => noTracing],
  ['switched off', () => openTracing(settings())],
  ['switched on', async () => traced().tracing],
])('tracing, %s', (_name, make) => {
  it('gives back what the work gives', async () => {
    const tracing = await make();
    expect(await tracing.span('work', {}, async () => 7)).toBe(7);
    expect(tracing.detached(() => 8)).toBe(8);
    expect(tracing.within({ job: 'a' }, () => 9)).toBe(9);
  });

  it('passes the error of the work on as it is', async () => {
    const tracing = await make();
    const error = new PermanentError('source/not-found', 'gone');
    await expect(tracing.span('work', {}, () => Promise.reject(error))).rejects.toBe(error);
  });

  it('has no active span outside of work, nor in detached work', async () => {
    const tracing = await make();
    expect(tracing.traceParent()).toBeNull();
    await tracing.span('work', {}, async () => {
      expect(tracing.detached(() => tracing.traceParent())).toBeNull();
      expect(tracing.traceParent() !== null).toBe(tracing.isOn);
    });
  });

  it('takes a parent that is no trace as none', async () => {
    const tracing = await make();
    const span = tracing.start('work', { parent: 'nonsense', attributes: { n: 1 } });
    span.set({ n: 2 });
    span.fail(new Error('x'));
    span.end();
    expect(span.traceParent !== null).toBe(tracing.isOn);
  });
});

describe('a trace', () => {
  it('goes on from the parent that was written down, in another process or hours later', async () => {
    const { tracing, spans } = traced();
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const followUp = await tracing.span('job pull', { parent }, async () => tracing.traceParent());
    tracing.start('publish compute', { parent: followUp, kind: 'producer' }).end();
    const [job, publish] = await spans();
    expect(job?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(job?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(publish?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(publish?.parentSpanContext?.spanId).toBe(job?.spanContext().spanId);
  });

  it('keeps two pieces of work that run at once apart', async () => {
    const { tracing, spans } = traced();
    await Promise.all(
      ['a', 'b'].map((name) =>
        tracing.span(name, {}, async () => {
          await new Promise(setImmediate);
          await tracing.span(`${name} inner`, {}, () => new Promise<void>((resolve) => setImmediate(resolve)));
        }),
      ),
    );
    const all = await spans();
    for (const name of ['a', 'b'])
      expect(all.find((span) => span.name === `${name} inner`)?.parentSpanContext?.spanId).toBe(
        all.find((span) => span.name === name)?.spanContext().spanId,
      );
  });

  it('says of an error its code and message, and never a secret', async () => {
    const { tracing, spans } = traced();
    const error = new PermanentError('source/unauthorised', `401 for ${secret}`);
    const attributes = { 'url.full': `https://h/?token=${encodeURIComponent(secret)}`, 'http.request.method': 'GET' };
    await tracing.span(`GET ${secret}`, { attributes }, () => Promise.reject(error)).catch(() => undefined);
    const [span] = await spans();
    expect(span?.attributes['error.type']).toBe('source/unauthorised');
    expect(span?.status.message).toBe('401 for [redacted]');
    expect(span?.attributes['http.request.method']).toBe('GET');
    const { name, attributes: shown, events, status } = span ?? {};
    const all = JSON.stringify({ name, shown, events, status });
    expect(all).not.toContain(secret);
    expect(all).not.toContain(encodeURIComponent(secret));
  });

  it('names this program, or what the variables say', async () => {
    const { tracing, spans } = traced();
    await tracing.span('work', {}, async () => undefined);
    expect((await spans())[0]?.resource.attributes).toMatchObject({
      'service.name': 'outturn',
      'service.version': '1.2.3',
    });
  });

  it('is left out by the sampler that the variables name', async () => {
    const { tracing, spans } = traced({ OTEL_TRACES_SAMPLER: 'always_off' });
    await tracing.span('work', {}, async () => undefined);
    expect(await spans()).toEqual([]);
  });
});

describe('log lines', () => {
  it('carry the trace and the facts of the work that writes them, whichever logger writes', async () => {
    const { tracing, log, lines } = traced();
    const child = log.child({ part: 'fetch' });
    await tracing.within({ job: 'j1', kind: 'pull' }, () =>
      tracing.span('job pull', {}, async () => {
        await tracing.within({ pull: 'p1' }, async () => child.debug({ kind: 'GET' }, 'asked'));
        tracing.detached(() => log.info({}, 'a loop'));
      }),
    );
    log.info({}, 'after');
    const trace = factsOf(lines[0])['trace'];
    expect(trace).toMatch(/^[0-9a-f]{32}$/);
    // What a line says itself comes before what its work says.
    expect(factsOf(lines[0])).toMatchObject({ part: 'fetch', job: 'j1', pull: 'p1', kind: 'GET' });
    expect(factsOf(lines[1])).not.toHaveProperty('job');
    expect(factsOf(lines[2])).not.toHaveProperty('trace');
  });

  it('carry the facts of the work when nothing is traced as well', async () => {
    const given = settings();
    const tracing = await openTracing(given);
    tracing.within({ job: 'j1' }, () => given.log.info({}, 'x'));
    expect(factsOf(given.lines[0])).toMatchObject({ job: 'j1' });
    expect(factsOf(given.lines[0])).not.toHaveProperty('trace');
  });
});

describe('the variables', () => {
  it.each([
    [{}],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_TRACES_EXPORTER: 'none' }],
  ])('switch tracing off: %j', async (variables) => {
    expect((await openTracing(settings(variables))).isOn).toBe(false);
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:4318', OTEL_TRACES_SAMPLER: 'parentbased_ratio' },
      'OTEL_TRACES_SAMPLER is "parentbased_ratio"',
    ],
    [
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:4318',
        OTEL_TRACES_SAMPLER: 'traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '10%',
      },
      'OTEL_TRACES_SAMPLER_ARG',
    ],
  ])('are refused in words when they are wrong: %j', async (variables, said) => {
    const error = await openTracing(settings(variables)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'config/invalid-value', message: expect.stringContaining(said) });
  });

  it('may hold keys in headers: they are secrets from then on', async () => {
    const given = settings({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=top%20secret-key,x=1234567890',
    });
    open.push(await openTracing(given));
    given.log.info({ header: 'top secret-key', other: '1234567890' }, 'sent');
    expect(given.lines.join('')).not.toMatch(/secret-key|1234567890/);
  });
});
