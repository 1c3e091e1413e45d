import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { PermanentError } from '#kit';

/** More than any sender needs of lines in one request; unpacked. */
const LONGEST_STREAM_BYTES = 4 * 1024 ** 3;
const LONGEST_LINE_BYTES = 256 * 1024;
/** Parts are stored as they come: this many lines, or bytes, at once. */
const CHUNK_LINES = 1_000;
const CHUNK_CHARACTERS = 1024 ** 2;

const tooLarge = (bytes: number): PermanentError =>
  new PermanentError('api/too-large', `The body is longer than ${bytes} bytes, unpacked.`, {
    hint: 'Send smaller batches or lines (application/x-ndjson), or raise maxBody of the connector.',
  });

/**
 * The body as it comes, unpacked where `Content-Encoding: gzip` says so. Never holds more than a piece of it. Throws
 * `api/too-large` past `maxBytes` of unpacked bytes, however small it was packed, and `api/bad-request` for broken gzip.
 */
export async function* readBody(request: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new PermanentError('api/unsupported-media-type', `Content-Encoding ${encoding.slice(0, 40)} is not taken.`, {
      hint: 'Send gzip, or nothing packed.',
    });
  if (encoding === 'identity' && Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const source = encoding === 'gzip' ? request.pipe(createGunzip()) : request;
  // What the sender breaks off must not leave the unpacking hanging.
  const onAborted = (): void => void source.destroy(new Error('the sender broke off'));
  request.once('aborted', onAborted);
  let bytes = 0;
  try {
    for await (const piece of source as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield piece;
    }
  } catch (thrown) {
    if (thrown instanceof PermanentError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : 'it cannot be read';
    if (encoding === 'gzip' && String((thrown as { code?: unknown } | null)?.code).startsWith('Z_'))
      throw new PermanentError('api/bad-request', `The body is no whole gzip: ${reason}.`, {
        hint: 'Content-Encoding says gzip: pack the body whole, or leave that header out where it is not packed.',
        cause: thrown,
      });
    throw new PermanentError('api/bad-request', `The body cannot be read: ${reason}.`, { cause: thrown });
  } finally {
    request.off('aborted', onAborted);
  }
}

/** All of it, at most `maxBytes` unpacked. */
export async function wholeBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readBody(request, maxBytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** UTF-8 as text; throws `api/bad-request` for what is none. */
export function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (thrown) {
    throw new PermanentError('api/bad-request', 'The body is not UTF-8.', { cause: thrown });
  }
}

export interface LineChunk {
  text: string;
  /** Number of its first line in the whole, from 1. */
  firstLine: number;
  lines: number;
}

/**
 * The lines of a body in parts whose borders depend on the lines alone, so that the same lines sent again make the same parts.
 * The next part is read when the one before is dealt with.
 */
export async function* lineChunks(request: IncomingMessage): AsyncGenerator<LineChunk> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let chunk: string[] = [];
  let characters = 0;
  let firstLine = 1;
  const take = (): LineChunk => {
    const taken = { text: chunk.join('\n'), firstLine, lines: chunk.length };
    firstLine += chunk.length;
    chunk = [];
    characters = 0;
    return taken;
  };
  const isFull = (): boolean => chunk.length >= CHUNK_LINES || characters >= CHUNK_CHARACTERS;
  const add = (line: string): void => {
    chunk.push(line.endsWith('\r') ? line.slice(0, -1) : line);
    characters += line.length;
  };
  for await (const piece of readBody(request, LONGEST_STREAM_BYTES)) {
    const lines = (rest + decoder.write(piece)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE_BYTES)
      throw new PermanentError(
        'api/too-large',
        `Line ${firstLine + chunk.length + lines.length} is longer than ${LONGEST_LINE_BYTES} characters.`,
        { hint: 'One row a line, ended by a line feed.' },
      );
    for (const line of lines) {
      add(line);
      if (isFull()) yield take();
    }
  }
  rest += decoder.end();
  if (rest !== '') add(rest);
  if (chunk.length > 0) yield take();
}
