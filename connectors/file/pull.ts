import { PermanentError, type PullContext, type RawPage } from '#kit';
import { guessDelimiter, splitHeader, splitRecords } from './chunks.ts';
import type { FileOptions, FileStream } from './options.ts';

/** Characters of a page; a longer file becomes several pages, each with the header. */
const MAX_PAGE_CHARACTERS = 1_000_000;

interface PageMeta extends Record<string, unknown> {
  /** Name of the file, for messages. */
  file: string;
  delimiter: string;
  /** Line of the file that the first row of the page stands in. */
  firstLine: number;
  /** Lines of the page before its first row. */
  headerLines: number;
}

/** The path as a person wrote it: relative, from the folder in which the pattern begins. */
function shownPath(path: string, pattern: string): string {
  const slashed = path.replaceAll('\\', '/');
  const fixed = pattern.slice(0, pattern.search(/[*?[{]|$/)).replace(/[^/]*$/, '');
  const at = fixed === '' ? slashed.lastIndexOf('/') + 1 : slashed.lastIndexOf(`/${fixed}`) + 1;
  return slashed.slice(Math.max(at, 0));
}

/** Every file that matches, whole: a file says nothing of when its rows were written, so the window does not limit them. */
export async function* pullFiles(ctx: PullContext<FileOptions, FileStream>): AsyncIterable<RawPage> {
  const { stream, options } = ctx;
  for (const file of await ctx.files.list(stream.path)) {
    ctx.signal.throwIfAborted();
    const name = shownPath(file.path, stream.path);
    const text = (await ctx.files.readText(file.path, options.maxFile)).replace(/^\uFEFF/, '');
    const head = splitHeader(text);
    const own = stream.header === undefined;
    const delimiter = stream.delimiter === 'auto' ? guessDelimiter(head.header) : stream.delimiter;
    const start = own ? { offset: head.bodyStart, line: 1 + head.lines } : { offset: 0, line: 1 };
    if (own && head.header.trim() === '')
      throw new PermanentError('source/empty-answer', `${name} is empty: not even a header line`, {
        hint: 'Write the column names into the first line, or give header: [ … ] in the stream.',
      });
    // As it stands in the file, so that a file of one page has the page's hash.
    const header = own && !/[\r\n]$/.test(head.header) ? `${head.header}\n` : own ? head.header : '';
    const pieces = [...splitRecords(text, start, MAX_PAGE_CHARACTERS)];
    for (const piece of pieces.length > 0 ? pieces : [{ text: '', firstLine: start.line }]) {
      ctx.signal.throwIfAborted();
      const meta: PageMeta = { file: name, delimiter, firstLine: piece.firstLine, headerLines: own ? head.lines : 0 };
      yield {
        body: header + piece.text,
        contentType: 'text/csv; charset=utf-8',
        request: { method: 'READ', url: `file:${name}` },
        receivedAtMs: ctx.nowMs(),
        meta,
      };
    }
  }
}
