import type { IncomingMessage } from 'node:http';
import type { Logger } from '#kit';
import { listenOnLoopback, readBody, send } from './http.ts';
import { openSlackArchive, type SlackArchive } from './slack-archive.ts';
import { checkBlocks } from './slack-blocks.ts';
import type { SlackFile, SlackMessage } from './slack-types.ts';

export interface SlackSink {
  /** `http://127.0.0.1:port/api/` */
  apiUrl: string;
  close(): Promise<void>;
}

/** An answer with `ok: false`, by Slack's own name for what is wrong. */
class SlackError extends Error {
  readonly more: Record<string, unknown>;
  constructor(name: string, more: Record<string, unknown> = {}) {
    super(name);
    this.more = more;
  }
}

type Arguments = Readonly<Record<string, unknown>>;
interface Workspace {
  archive: SlackArchive;
  channels: readonly { id: string; name: string }[];
  nowMs(): number;
  origin(): string;
}
type Method = (args: Arguments, workspace: Workspace) => Promise<Record<string, unknown>> | Record<string, unknown>;

const team = { team: 'Sandbox', team_id: 'T0SANDBOX' };
const bot = { user: 'outturn', user_id: 'U0OUTTURN', bot_id: 'B0OUTTURN' };

/**
 * The methods of Slack's Web API that a digest needs. Messages and files are kept in a folder, with a page to look at;
 * what an earlier run posted is still in the history.
 */
export async function startSlackSink(options: {
  directory: string;
  token: string;
  channels: readonly { id: string; name: string }[];
  nowMs(): number;
  log: Logger;
}): Promise<SlackSink> {
  const archive = await openSlackArchive(options.directory);
  let origin = '';
  const workspace: Workspace = { archive, channels: options.channels, nowMs: options.nowMs, origin: () => origin };
  const server = await listenOnLoopback(async (request, response, url) => {
    const upload = /^\/upload\/v1\/(F[A-Z0-9]+)$/.exec(url.pathname);
    if (upload !== null && request.method === 'POST') {
      const body = uploadedBytes(await readBody(request), request.headers['content-type'] ?? '');
      const taken = await archive.receive(upload[1] ?? '', body);
      return send(
        response,
        taken ? 200 : 404,
        'text/plain; charset=utf-8',
        taken ? `OK - ${body.length}` : 'not found',
      );
    }
    const name = /^\/api\/([A-Za-z.]+)$/.exec(url.pathname)?.[1];
    if (name === undefined) return send(response, 404, 'text/plain; charset=utf-8', 'not found');
    const answer = await answerMethod(name, request, url, options.token, workspace);
    if (answer['ok'] !== true)
      options.log.debug({ method: name, error: answer['error'] }, 'the sandbox Slack refused a call');
    send(response, 200, 'application/json; charset=utf-8', JSON.stringify(answer));
  });
  origin = server.url;
  return { apiUrl: `${server.url}/api/`, close: server.close };
}

async function answerMethod(
  name: string,
  request: IncomingMessage,
  url: URL,
  token: string,
  workspace: Workspace,
): Promise<Record<string, unknown>> {
  try {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined) throw new SlackError('unknown_method', { req_method: name });
    const args = await readArguments(request, url);
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? args['token'];
    if (given === undefined) throw new SlackError('not_authed');
    if (given !== token) throw new SlackError('invalid_auth');
    return { ok: true, ...(await method(args, workspace)) };
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    return { ok: false, error: error.message, ...error.more };
  }
}

const methods: Readonly<Record<string, Method>> = {
  'auth.test': (_args, { origin }) => ({ url: `${origin()}/`, ...team, ...bot, is_enterprise_install: false }),
  'chat.postMessage': postMessage,
  'conversations.history': history,
  'conversations.info': (args, { channels }) => ({ channel: describe(channelOf(args['channel'], channels)) }),
  'conversations.list': (_args, { channels }) => ({
    channels: channels.map(describe),
    response_metadata: { next_cursor: '' },
  }),
  'conversations.open': (args) => {
    const user = text(args['users']);
    if (user === null || !/^[UW][A-Z0-9]+$/.test(user)) throw new SlackError('user_not_found');
    return { channel: { id: `D${user.slice(1)}` } };
  },
  'files.getUploadURLExternal': async (args, { archive, origin }) => {
    const filename = text(args['filename']);
    const length = Number(args['length']);
    if (filename === null || !Number.isInteger(length) || length <= 0)
      throw new SlackError('invalid_arguments', {
        response_metadata: { messages: ['[ERROR] missing required field'] },
      });
    const file = archive.announce(filename, text(args['alt_text']));
    return { upload_url: `${origin()}/upload/v1/${file.id}`, file_id: file.id };
  },
  'files.completeUploadExternal': completeUpload,
  'files.info': (args, { archive }) => {
    const file = archive.file(text(args['file']) ?? '');
    if (file === null) throw new SlackError('file_not_found');
    return { file: describeFile(file) };
  },
};

async function postMessage(args: Arguments, { archive, channels, nowMs }: Workspace): Promise<Record<string, unknown>> {
  const channel = channelOf(args['channel'], channels);
  const said = text(args['text']) ?? '';
  const blocks = structured(args['blocks'], 'invalid_blocks_format');
  if (said === '' && blocks === undefined) throw new SlackError('no_text');
  if (blocks !== undefined) {
    const problem = checkBlocks(blocks, (id) => archive.file(id)?.uploaded === true);
    if (problem !== null)
      throw new SlackError('invalid_blocks', {
        errors: [problem],
        response_metadata: { messages: [`[ERROR] ${problem}`] },
      });
  }
  const metadata = structured(args['metadata'], 'invalid_metadata_format');
  const message: SlackMessage = {
    type: 'message',
    subtype: 'bot_message',
    user: bot.user_id,
    bot_id: bot.bot_id,
    text: said.slice(0, 40_000),
    ts: archive.nextTimestamp(nowMs()),
    ...(Array.isArray(blocks) ? { blocks } : {}),
    ...(metadata === undefined ? {} : { metadata }),
  };
  await archive.add(channel, message);
  return { channel: channel.id, ts: message.ts, message };
}

function history(args: Arguments, { archive, channels }: Workspace): Record<string, unknown> {
  const channel = channelOf(args['channel'], channels);
  const limit = Math.max(1, Math.min(Number(args['limit'] ?? 100) || 100, 999));
  const oldest = text(args['oldest']) ?? '0';
  const latest = text(args['latest']) ?? '9999999999.999999';
  const inclusive = String(args['inclusive']) === 'true' || args['inclusive'] === 1;
  const cursor = text(args['cursor']);
  const skip = cursor === null ? 0 : Number(Buffer.from(cursor, 'base64').toString('utf8').replace('next:', ''));
  if (!Number.isInteger(skip) || skip < 0) throw new SlackError('invalid_cursor');
  const found = archive
    .messages(channel.id)
    .filter(({ ts }) => (ts > oldest && ts < latest) || (inclusive && (ts === oldest || ts === latest)))
    .reverse();
  const page = found.slice(skip, skip + limit);
  const more = skip + limit < found.length;
  const withMetadata = String(args['include_all_metadata']) === 'true';
  return {
    messages: withMetadata ? page : page.map(({ metadata: _, ...message }) => message),
    has_more: more,
    pin_count: 0,
    response_metadata: { next_cursor: more ? Buffer.from(`next:${skip + limit}`).toString('base64') : '' },
  };
}

async function completeUpload(
  args: Arguments,
  { archive, channels, nowMs }: Workspace,
): Promise<Record<string, unknown>> {
  const wanted = structured(args['files'], 'invalid_arguments');
  if (!Array.isArray(wanted) || wanted.length === 0) throw new SlackError('invalid_arguments');
  const files = wanted.map((entry: unknown) => {
    const id = typeof entry === 'object' && entry !== null ? text(Reflect.get(entry, 'id')) : null;
    const file = archive.file(id ?? '');
    if (file === null || !file.uploaded) throw new SlackError('file_not_found');
    const title = typeof entry === 'object' && entry !== null ? text(Reflect.get(entry, 'title')) : null;
    return { ...file, title: title ?? file.name };
  });
  const shareIn = text(args['channel_id']);
  if (shareIn !== null) {
    const channel = channelOf(shareIn, channels);
    await archive.add(channel, {
      type: 'message',
      user: bot.user_id,
      text: text(args['initial_comment']) ?? '',
      ts: archive.nextTimestamp(nowMs()),
      files: files.map(describeFile),
    });
  }
  return { files: files.map(describeFile) };
}

const describeFile = (file: SlackFile): Record<string, unknown> => ({
  id: file.id,
  name: file.name,
  title: file.title,
  mimetype: file.name.endsWith('.png') ? 'image/png' : 'application/octet-stream',
  size: file.bytes,
  alt_txt: file.altText,
});

const describe = ({ id, name }: { id: string; name: string }): Record<string, unknown> => ({
  id,
  name,
  is_channel: true,
  is_archived: false,
  is_private: false,
  is_member: true,
});

/** By id or `#name`; direct messages (`D…`) exist for everybody. */
function channelOf(given: unknown, channels: Workspace['channels']): { id: string; name: string } {
  const wanted = text(given) ?? '';
  const found = channels.find(({ id, name }) => id === wanted || `#${name}` === wanted || name === wanted);
  if (found !== undefined) return found;
  const person = /^[DUW]([A-Z0-9]+)$/.exec(wanted)?.[1];
  if (person !== undefined) return { id: `D${person}`, name: `direct-${person}` };
  throw new SlackError('channel_not_found');
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** Forms carry blocks, metadata and files as JSON text. */
function structured(value: unknown, error: string): unknown {
  if (typeof value !== 'string') return value ?? undefined;
  if (value === '') return undefined;
  try {
    return JSON.parse(value);
  } catch {
    throw new SlackError(error);
  }
}

async function readArguments(request: IncomingMessage, url: URL): Promise<Record<string, unknown>> {
  const args: Record<string, unknown> = Object.fromEntries(url.searchParams);
  const body = (await readBody(request)).toString('utf8');
  if (body === '') return args;
  if (!(request.headers['content-type'] ?? '').startsWith('application/json'))
    return { ...args, ...Object.fromEntries(new URLSearchParams(body)) };
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) return { ...args, ...parsed };
  } catch {
    // Falls through.
  }
  throw new SlackError('invalid_json');
}

/** The bytes themselves, or the one file of a multipart form. */
function uploadedBytes(body: Buffer, contentType: string): Buffer {
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return body;
  const start = body.indexOf('\r\n\r\n');
  const end = body.lastIndexOf(`\r\n--${boundary}`);
  return start < 0 || end < start ? body : body.subarray(start + 4, end);
}
