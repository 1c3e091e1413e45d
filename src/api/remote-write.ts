import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { uncompress } from 'snappyjs';
import { PermanentError, type WriteAnswer, type WrittenSeries } from '#kit';
import type { PushRoutes } from './measurements.ts';
import { unauthorised } from './push-access.ts';
import { wholeBody } from './push-body.ts';
import { type RemoteWriteMessage, readRemoteWrite } from './remote-write-message.ts';

/**
 * `POST /v1/push/<connector>/prometheus`: Prometheus remote write, versions 1.0 and 2.0.
 *
 * A Prometheus repeats what is answered by 5xx and drops what is answered by 4xx (by default 429 as well). So everything that
 * another try can mend is a 5xx here, the rate limit too; what never can be stored is a 400, and the rest of the same request
 * is stored all the same.
 */
export function addRemoteWrite(server: FastifyInstance, routes: PushRoutes): void {
  server.post('/v1/push/:connector/prometheus', (request, reply) => write(routes, request, reply));
}

async function write(
  { push, access }: PushRoutes,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { connector } = request.params as { connector: string };
  const sender = await access.sender(request.headers.authorization, connector);
  if (sender === null) {
    reply.header('www-authenticate', 'Bearer realm="outturn push"');
    throw unauthorised(request.headers.authorization);
  }
  const waitMs = access.waitMs(sender);
  if (waitMs > 0) {
    reply.header('retry-after', Math.ceil(waitMs / 1000));
    return reply
      .code(503)
      .type('text/plain')
      .send(`${connector} takes ${sender.options.requestsPerMinute} requests a minute; this one may come again.\n`);
  }
  const message = messageOf(request);
  const packed = await wholeBody(withoutEncoding(request), sender.options.maxBody);
  const series = readRemoteWrite(unpack(packed, sender.options.maxBody), message);
  const written = await push.write(connector, series);
  // Version 2.0 asks for them whichever message was sent; senders of the older one pass them over.
  reply
    .header('x-prometheus-remote-write-samples-written', written.samples)
    .header('x-prometheus-remote-write-histograms-written', written.histograms)
    .header('x-prometheus-remote-write-exemplars-written', written.exemplars);
  if (written.refused.length > 0)
    throw new PermanentError(
      'api/bad-request',
      `${lost(series, written)} can never be stored (the rest of the request is): ${written.refused.join('; ')}`,
    );
  return reply.code(204).send();
}

/** `2 of 5 samples and 1 of 1 native histograms` */
function lost(series: readonly WrittenSeries[], written: WriteAnswer): string {
  const sent = {
    samples: series.reduce((sum, { samples }) => sum + samples.length, 0),
    histograms: series.reduce((sum, { histograms }) => sum + histograms, 0),
  };
  const parts = [
    [sent.samples - written.samples, sent.samples, 'samples'] as const,
    [sent.histograms - written.histograms, sent.histograms, 'native histograms'] as const,
  ];
  const said = parts.filter(([missing]) => missing > 0).map(([missing, all, what]) => `${missing} of ${all} ${what}`);
  return said.join(' and ') || 'A part';
}

/** Snappy is undone below; it is not what a body is packed by on the way. */
function withoutEncoding({ raw }: FastifyRequest): FastifyRequest['raw'] {
  const encoding = raw.headers['content-encoding'];
  if (encoding === undefined || encoding.toLowerCase() === 'snappy') {
    raw.headers['content-encoding'] = 'identity';
    return raw;
  }
  throw new PermanentError('api/unsupported-media-type', `Content-Encoding ${encoding.slice(0, 40)} is not taken.`, {
    hint: 'Remote write packs by Snappy.',
  });
}

function messageOf({ headers }: FastifyRequest): RemoteWriteMessage {
  const [type, ...parameters] = (headers['content-type'] ?? '').split(';').map((part) => part.trim());
  const proto = parameters
    .find((parameter) => /^proto=/i.test(parameter))
    ?.slice('proto='.length)
    .replace(/^"(.*)"$/, '$1');
  if (type?.toLowerCase() === 'application/x-protobuf') {
    if (proto === undefined || proto === 'prometheus.WriteRequest') return 'prometheus.WriteRequest';
    if (proto === 'io.prometheus.write.v2.Request') return proto;
  }
  throw new PermanentError('api/unsupported-media-type', `Content-Type ${type || '(none)'} is not taken.`, {
    hint: 'Taken are application/x-protobuf, with proto=prometheus.WriteRequest or proto=io.prometheus.write.v2.Request.',
  });
}

/** Bounded by the length that its header gives, before anything is allocated. */
function unpack(packed: Buffer, maxBytes: number): Uint8Array {
  try {
    return uncompress(new Uint8Array(packed), maxBytes);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : 'it cannot be read';
    if (/too big/.test(reason))
      throw new PermanentError('api/too-large', `The body is longer than ${maxBytes} bytes, unpacked.`, {
        hint: 'Lower max_samples_per_send of the remote_write queue, or raise maxBody of the connector.',
      });
    throw new PermanentError('api/bad-request', `The body is no Snappy block: ${reason}.`, { cause: thrown });
  }
}
