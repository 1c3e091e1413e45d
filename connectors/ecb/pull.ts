import { addDays, FX_MAX_AGE_DAYS, type LocalDate, localDateAt } from '#domain';
import { type PullContext, type RawPage, RetryableError, readText } from '#kit';
import type { EcbOptions, EcbStream } from './options.ts';

/** Dates of the files are those of Frankfurt. */
const TIME_ZONE = 'Europe/Berlin';
/** eurofxref-hist-90d.xml reaches back 90 days; a few less, so that its first day is never missed. */
const RECENT_DAYS = 85;

/** What parse needs besides the body; archived with the page. */
export interface PageMeta extends Record<string, unknown> {
  /** Name of the file, for messages. */
  file: string;
  /** Dates that the pull wants, both included; null: all of the file. */
  from: LocalDate | null;
  to: LocalDate | null;
}

/** The smallest published file that has every date from `from` on. */
export function fileFor(from: LocalDate, today: LocalDate): string {
  if (from >= today) return 'eurofxref-daily.xml';
  return from >= addDays(today, -RECENT_DAYS) ? 'eurofxref-hist-90d.xml' : 'eurofxref-hist.xml';
}

/**
 * One page a file. From `url` the dates of the window, and those just before it: without them a holiday at its beginning
 * would have no rate. Local files are read whole, whatever the window.
 */
export async function* pullFiles(ctx: PullContext<EcbOptions, EcbStream>): AsyncIterable<RawPage> {
  const { stream, options, window } = ctx;
  if (stream.path !== undefined) {
    for (const { path } of await ctx.files.list(stream.path)) {
      ctx.signal.throwIfAborted();
      const file = path.replaceAll('\\', '/').replace(/^.*\//, '');
      const meta: PageMeta = { file, from: null, to: null };
      yield {
        body: (await readText(ctx.files, { path }, { maxBytes: options.maxFile })).replace(/^\uFEFF/, ''),
        contentType: /\.xml$/i.test(file) ? 'application/xml' : 'text/csv; charset=utf-8',
        request: { method: 'READ', url: `file:${file}` },
        receivedAtMs: ctx.nowMs(),
        meta,
      };
    }
    return;
  }
  const from = addDays(localDateAt(window.fromMs, TIME_ZONE), -FX_MAX_AGE_DAYS);
  const to = localDateAt(window.toMs - 1, TIME_ZONE);
  const today = localDateAt(ctx.nowMs(), TIME_ZONE);
  const first = localDateAt(window.fromMs, TIME_ZONE);
  const file = stream.file === 'auto' ? fileFor(first, today) : stream.file;
  const response = await ctx.http.request({
    url: file,
    headers: { accept: 'application/xml, text/xml, text/csv' },
    expect: 'text',
  });
  const body = response.body.replace(/^\uFEFF/, '');
  if (body.trim() === '')
    throw new RetryableError('source/empty-answer', `stream ${ctx.streamId}: ${file} is empty`, {
      hint: 'Nothing was stored. If it stays so, open the address in a browser.',
    });
  if (breaksOff(body))
    throw new RetryableError('source/partial', `stream ${ctx.streamId}: ${file} breaks off before its end`, {
      hint: 'Nothing was stored. Usually the connection broke; it is tried again.',
    });
  const meta: PageMeta = { file, from, to };
  yield {
    body,
    contentType: response.headers['content-type'] ?? 'application/xml',
    request: { method: 'GET', url: response.url },
    receivedAtMs: response.receivedAtMs,
    meta,
  };
}

const breaksOff = (body: string): boolean =>
  /^\s*<(\?xml|(\w+:)?Envelope)\b/.test(body) && !/<\/(\w+:)?Envelope\s*>/.test(body.slice(-2_000));
