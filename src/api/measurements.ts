import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  asOutturnError,
  OutturnError,
  PermanentError,
  type PushAnswer,
  type PushedEntity,
  type PushedStreamAnswer,
  type PushReceiver,
} from '#kit';
import { problemOf, sendProblem } from './problem.ts';
import { type PushAccess, type PushSender, unauthorised } from './push-access.ts';
import { lineChunks, textOf, wholeBody } from './push-body.ts';

export interface PushRoutes {
  push: PushReceiver;
  access: PushAccess;
  nowMs(): number;
}

const LONGEST_KEY = 200;

/** `POST /v1/measurements` and `POST /v1/costs`: one row, a batch of them, or lines that are stored as they come. */
export function addMeasurements(server: FastifyInstance, routes: PushRoutes): void {
  for (const entity of ['measurements', 'costs'] as const)
    server.post(`/v1/${entity}`, (request, reply) => receive(entity, routes, request, reply));
}

async function receive(
  entity: PushedEntity,
  { push, access, nowMs }: PushRoutes,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = request.query as Record<string, unknown>;
  for (const name of Object.keys(query))
    if (name !== 'stream' && name !== 'connector')
      throw new PermanentError('api/invalid-request', `"${name}" is not a known parameter.`, {
        hint: 'Known are connector and stream.',
      });
  const [connector, stream] = [textParameter(query, 'connector'), textParameter(query, 'stream')];
  const sender = await access.sender(request.headers.authorization, connector);
  if (sender === null) {
    reply.header('www-authenticate', 'Bearer realm="outturn push"');
    throw unauthorised(request.headers.authorization);
  }
  const waitMs = access.waitMs(sender);
  if (waitMs > 0) {
    reply.header('retry-after', Math.ceil(waitMs / 1000));
    throw new PermanentError(
      'api/rate-limited',
      `${sender.connector} takes ${sender.options.requestsPerMinute} requests a minute.`,
      { hint: 'Wait as long as Retry-After says, or send larger batches.' },
    );
  }
  const document = {
    connector: sender.connector,
    entity,
    stream,
    receivedAtMs: nowMs(),
    idempotencyKey: idempotencyKey(request.headers['idempotency-key']),
  };
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-ndjson' || type === 'application/jsonl')
    return receiveLines({ push, sender, document, request, reply });
  if (type !== 'application/json')
    throw new PermanentError('api/unsupported-media-type', `Content-Type ${type || '(none)'} is not taken.`, {
      hint: 'Send application/json for one row or a batch, application/x-ndjson for lines.',
    });
  const body = textOf(await wholeBody(request.raw, sender.options.maxBody));
  const answer = await push.store({ ...document, format: 'json', body, chunk: 0, firstLine: 1 });
  return reply.send(view(answer));
}

/** Each part is committed before the next is read; what ends it early says how far it got. */
async function receiveLines({
  push,
  sender,
  document,
  request,
  reply,
}: {
  push: PushReceiver;
  sender: PushSender;
  document: Pick<
    Parameters<PushReceiver['store']>[0],
    'connector' | 'entity' | 'stream' | 'receivedAtMs' | 'idempotencyKey'
  >;
  request: FastifyRequest;
  reply: FastifyReply;
}): Promise<FastifyReply> {
  const done: PushAnswer = { connector: sender.connector, streams: [], repeated: false };
  let storedLines = 0;
  let chunk = 0;
  let repeatedChunks = 0;
  try {
    for await (const { text, firstLine, lines } of lineChunks(request.raw)) {
      if (text.trim() !== '') {
        const answer = await push.store({ ...document, format: 'ndjson', body: text, chunk, firstLine });
        if (answer.repeated) repeatedChunks += 1;
        merge(done.streams, answer.streams);
      }
      chunk += 1;
      storedLines += lines;
    }
    if (chunk === 0)
      throw new PermanentError('api/invalid-request', 'There is not a single line in the body.', {
        hint: 'Send one row a line.',
      });
    done.repeated = repeatedChunks === chunk;
    return reply.send({ ...view(done), storedLines });
  } catch (thrown) {
    const error = asOutturnError(thrown);
    const problem = {
      ...problemOf(thrown instanceof OutturnError ? error : (thrown as Error)),
      // Lines up to here are committed: the sender goes on with the next one.
      storedLines,
      streams: view(done).streams,
    };
    reply.header('connection', 'close');
    return sendProblem(reply, request, problem);
  }
}

/** One entry a stream; `pullId` is that of its newest part. */
function merge(into: PushedStreamAnswer[], more: readonly PushedStreamAnswer[]): void {
  for (const each of more) {
    const before = into.find(({ stream }) => stream === each.stream);
    if (before === undefined) into.push({ ...each });
    else
      Object.assign(before, {
        pullId: each.pullId,
        rows: before.rows + each.rows,
        inserted: before.inserted + each.inserted,
        revisions: before.revisions + each.revisions,
        unchanged: before.unchanged + each.unchanged,
      });
  }
}

const view = ({ connector, repeated, streams }: PushAnswer) => ({
  connector,
  repeated,
  rows: streams.reduce((sum, { rows }) => sum + rows, 0),
  inserted: streams.reduce((sum, { inserted }) => sum + inserted, 0),
  revisions: streams.reduce((sum, { revisions }) => sum + revisions, 0),
  unchanged: streams.reduce((sum, { unchanged }) => sum + unchanged, 0),
  streams,
});

function textParameter(query: Record<string, unknown>, name: string): string | null {
  const value = query[name];
  if (value === undefined) return null;
  if (typeof value === 'string' && /^[\x20-\x7e]{1,200}$/.test(value)) return value;
  throw new PermanentError('api/invalid-request', `The parameter ${name} must be one id, as the configuration has it.`);
}

function idempotencyKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && /^[\x21-\x7e]+$/.test(header) && header.length <= LONGEST_KEY) return header;
  throw new PermanentError(
    'api/invalid-request',
    `Idempotency-Key must be at most ${LONGEST_KEY} visible ASCII characters.`,
  );
}
