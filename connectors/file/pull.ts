import {
  cutRecords,
  type FoundFile,
  PermanentError,
  type PullContext,
  type RawPage,
  type RecordPiece,
  s3AccessOf,
  shownPath,
} from '#kit';
import { type Delimiter, guessDelimiter } from './delimiter.ts';
import type { FileOptions, FileStream } from './options.ts';

/** Characters of a page; a longer file becomes several pages, each with the header. */
const MAX_PAGE_CHARACTERS = 1_000_000;

interface PageMeta extends Record<string, unknown> {
  /** Name of the file, for messages. */
  file: string;
  /** Absent in pages of older releases: csv. */
  format: 'csv' | 'ndjson';
  delimiter: string;
  /** Line of the file that the first row of the page stands in. */
  firstLine: number;
  /** Lines of the page before its first row. */
  headerLines: number;
}

/**
 * Every file that matches, whole and in pages: a file says nothing of when its rows were written, so the window does not
 * limit them. With `incremental: modified` those are left out that were last written before the window.
 */
export async function* pullFiles(ctx: PullContext<FileOptions, FileStream>): AsyncIterable<RawPage> {
  const { stream, options } = ctx;
  const access = { s3: s3AccessOf(options.s3), signal: ctx.signal };
  const found = await ctx.files.list(stream.path, access);
  const files =
    stream.incremental === 'modified' ? found.filter(({ modifiedAtMs }) => modifiedAtMs >= ctx.window.fromMs) : found;
  for (const file of files) {
    ctx.signal.throwIfAborted();
    const name = shownPath(file.path, stream.path);
    const text = ctx.files.read(file, { ...access, maxBytes: options.maxFile });
    const pages = formatOf(stream, file) === 'csv' ? csvPages(text, name, stream) : ndjsonPages(text, name);
    for await (const { body, contentType, meta } of pages) {
      ctx.signal.throwIfAborted();
      const url = name.startsWith('s3://') ? name : `file:${name}`;
      yield { body, contentType, request: { method: 'READ', url }, receivedAtMs: ctx.nowMs(), meta };
    }
  }
}

function formatOf({ format }: FileStream, { path }: FoundFile): 'csv' | 'ndjson' {
  if (format !== 'auto') return format;
  return /\.(ndjson|jsonl|json)(\.gz)?$/i.test(path) ? 'ndjson' : 'csv';
}

type Page = Pick<RawPage, 'body' | 'contentType'> & { meta: PageMeta };

async function* csvPages(text: AsyncIterable<string>, file: string, stream: FileStream): AsyncGenerator<Page> {
  const own = stream.header === undefined;
  const cut = { maxCharacters: MAX_PAGE_CHARACTERS, quotes: true, header: true, name: file };
  let header: { text: string; lines: number } | null = null;
  let delimiter: Delimiter | null = null;
  let isEmpty = true;
  const page = (piece: RecordPiece): Page => ({
    body: `${header?.text ?? ''}${piece.text}`,
    contentType: 'text/csv; charset=utf-8',
    meta: {
      file,
      format: 'csv',
      delimiter: delimiter ?? ',',
      firstLine: piece.firstLine,
      headerLines: header?.lines ?? 0,
    },
  });
  let nextLine = 1;
  for await (const piece of joinedFirst(cutRecords(text, cut), own)) {
    delimiter ??= stream.delimiter === 'auto' ? guessDelimiter(firstLine(piece.text)) : stream.delimiter;
    if (own && header === null) {
      if (piece.text.trim() === '') break;
      // As it stands in the file, so that a file of one page has the page's hash.
      const lines = piece.text.split(/\r\n|\n|\r/).length - (/[\r\n]$/.test(piece.text) ? 1 : 0);
      header = { text: /[\r\n]$/.test(piece.text) ? piece.text : `${piece.text}\n`, lines };
      nextLine = 1 + lines;
      continue;
    }
    isEmpty = false;
    yield page(piece);
  }
  if (own && header === null)
    throw new PermanentError('source/empty-answer', `${file} is empty: not even a header line`, {
      hint: 'Write the column names into the first line, or give header: [ … ] in the stream.',
    });
  if (isEmpty) yield page({ text: '', firstLine: nextLine });
}

/** The cutter gives the first record alone; without a header line it is a row like any other. */
async function* joinedFirst(pieces: AsyncIterable<RecordPiece>, keepApart: boolean): AsyncGenerator<RecordPiece> {
  let held: RecordPiece | null = null;
  let isFirst = true;
  for await (const piece of pieces) {
    if (isFirst && !keepApart) held = piece;
    else if (held !== null) {
      yield { text: held.text + piece.text, firstLine: held.firstLine };
      held = null;
    } else yield piece;
    isFirst = false;
  }
  if (held !== null) yield held;
}

const firstLine = (text: string): string => text.slice(0, text.search(/[\r\n]|$/));

async function* ndjsonPages(text: AsyncIterable<string>, file: string): AsyncGenerator<Page> {
  const cut = { maxCharacters: MAX_PAGE_CHARACTERS, quotes: false, header: false, name: file };
  for await (const piece of cutRecords(text, cut))
    yield {
      body: piece.text,
      contentType: 'application/x-ndjson; charset=utf-8',
      meta: { file, format: 'ndjson', delimiter: '', firstLine: piece.firstLine, headerLines: 0 },
    };
}
