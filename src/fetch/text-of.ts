import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { PermanentError, RetryableError } from '#kit';

/** Tables shrink to a tenth or a fiftieth; what unpacks to more than this is no table but an attack, or a mistake. */
const MOST_RATIO = 300;
/** Below this the ratio proves nothing. */
const RATIO_FROM_BYTES = 32 * 1024 * 1024;
/** How much text is given out at once. */
const PIECE_BYTES = 256 * 1024;

/**
 * Bytes as text: gzip unpacked (by content), UTF-8, or UTF-16 when a byte order mark says so, which is dropped. Throws
 * `source/too-large` past `maxBytes` of unpacked text, `source/bad-shape` for broken gzip or what is no text.
 */
export async function* textOf(
  bytes: AsyncIterable<Uint8Array>,
  { shown, maxBytes }: { shown: string; maxBytes: number },
): AsyncGenerator<string, void, undefined> {
  const counted = new Counted(bytes);
  const source = counted[Symbol.asyncIterator]();
  try {
    const head = await atLeast(source, 4);
    const rest = joined(head, source);
    const isGzip = head[0] === 0x1f && head[1] === 0x8b;
    const plain = isGzip ? unpacked(rest, shown) : rest;
    yield* decoded(bounded(plain, { shown, maxBytes, packed: isGzip ? counted : null }), shown);
  } finally {
    await source.return(undefined);
  }
}

class Counted {
  bytes = 0;
  readonly #source: AsyncIterable<Uint8Array>;
  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#source) {
      this.bytes += chunk.length;
      yield chunk;
    }
  }
}

/** The first bytes, `count` of them where there are so many. */
async function atLeast(source: AsyncIterator<Uint8Array>, count: number): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  while (head.length < count) {
    const next = await source.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* joined(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  yield* rest;
}

async function* unpacked(packed: AsyncIterable<Uint8Array>, shown: string): AsyncGenerator<Uint8Array> {
  // A failure of the source must not look like one of the compression.
  let sourceFailure: { thrown: unknown } | null = null;
  async function* guarded(): AsyncGenerator<Uint8Array> {
    try {
      yield* packed;
    } catch (thrown) {
      sourceFailure = { thrown };
      throw thrown;
    }
  }
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  const source = Readable.from(guarded(), { objectMode: false });
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (thrown) {
    const failure: { thrown: unknown } | null = sourceFailure;
    if (failure !== null) throw (failure as { thrown: unknown }).thrown;
    throw new PermanentError(
      'source/bad-shape',
      `${shown} is broken gzip (${thrown instanceof Error ? thrown.message : String(thrown)})`,
      { hint: 'It may still be being written, or was cut off on its way.', cause: thrown },
    );
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

async function* bounded(
  plain: AsyncIterable<Uint8Array>,
  { shown, maxBytes, packed }: { shown: string; maxBytes: number; packed: Counted | null },
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of plain) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new PermanentError(
        'source/too-large',
        `${shown} has more than ${maxBytes} bytes${packed === null ? '' : ' of unpacked text'} (maxFile)`,
        { hint: 'Split the file, or raise maxFile.', facts: { maxBytes } },
      );
    if (packed !== null && bytes > RATIO_FROM_BYTES && bytes > packed.bytes * MOST_RATIO)
      throw new PermanentError(
        'source/too-large',
        `${shown} unpacks to more than ${MOST_RATIO} times its size: no table does that`,
        { hint: 'Look at the file; if it is right, unpack it before Outturn reads it.' },
      );
    yield chunk;
  }
}

async function* decoded(bytes: AsyncIterable<Uint8Array>, shown: string): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  let text = '';
  try {
    for await (const chunk of bytes) {
      // The first chunk holds four bytes at least, where the text has so many.
      decoder ??= new TextDecoder(charsetOf(chunk), { fatal: true });
      text += decoder.decode(chunk, { stream: true });
      if (text.length < PIECE_BYTES) continue;
      yield text;
      text = '';
    }
    text += decoder?.decode() ?? '';
  } catch (thrown) {
    if (thrown instanceof PermanentError || thrown instanceof RetryableError || !(thrown instanceof TypeError))
      throw thrown;
    throw new PermanentError('source/bad-shape', `${shown} is not text in UTF-8`, {
      hint: 'Save it as UTF-8 (in a spreadsheet: "CSV UTF-8").',
    });
  }
  if (text !== '') yield text;
}

function charsetOf(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8';
}
