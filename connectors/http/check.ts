import { asOutturnError, type Finding, firstRowLine, type OutturnError, type StreamContext } from '#kit';
import { describeFields, guessFields, guessMapping } from './guess-mapping.ts';
import type { HttpOptions, HttpStream } from './options.ts';
import { parsePage } from './parse.ts';
import { bindingsOf, type FoundPage, readPages } from './pull.ts';
import { isWindowed } from './request-options.ts';
import { type Row, readRows } from './rows.ts';
import { signOfMore } from './sign-of-more.ts';

const ASPECTS: Readonly<Record<string, string>> = {
  'source/unreachable': 'connectivity',
  'source/timeout': 'connectivity',
  'source/blocked-address': 'connectivity',
  'source/server-error': 'connectivity',
  'source/rate-limited': 'connectivity',
  'source/tls': 'tls',
  'source/unauthorised': 'credentials',
  'source/forbidden': 'permission',
  'source/not-found': 'request',
  'source/bad-request': 'request',
  'config/invalid-value': 'request',
};
const MOST_SHOWN = 400;
const DAY_MS = 86_400_000;

function failed(error: OutturnError, aspect: string, stream: string): Finding {
  if (error.code === 'internal' || error.code.startsWith('queue/')) throw error;
  return { level: 'error', aspect: ASPECTS[error.code] ?? aspect, stream, message: error.message, hint: error.hint };
}

/** The first answer of a reading, for `check` and `discover`: the last week, or one piece of it. */
export async function firstPage(
  ctx: Omit<StreamContext<HttpOptions, HttpStream>, 'stream'> & {
    stream: Pick<HttpStream, 'requests' | 'rows' | 'slice' | 'times' | 'series'>;
  },
): Promise<FoundPage | null> {
  const toMs = ctx.nowMs();
  const window = { fromMs: toMs - (ctx.stream.slice ?? 7 * DAY_MS), toMs };
  for await (const page of readPages({ ...ctx, reading: ctx.stream, window })) return page;
  return null;
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
};

/** It may be long, and hold what nobody needs to see. */
const withoutQuery = (address: string): string => address.replace(/[?#].*$/s, '');

/** The stream's requests for real up to the first rows; then what becomes of the first row. */
export async function checkStream(ctx: StreamContext<HttpOptions, HttpStream>): Promise<Finding[]> {
  const { streamId: stream } = ctx;
  let page: FoundPage | null;
  try {
    page = await firstPage(ctx);
  } catch (thrown) {
    return [failed(asOutturnError(thrown), 'request', stream)];
  }
  if (page === null)
    return [
      {
        level: 'warning',
        aspect: 'sample',
        stream,
        message: 'the first requests of the chain give no item, so the last one was not made',
        hint: 'Check items, and what the credentials may see.',
      },
    ];
  const { response, request } = page;
  const findings: Finding[] = [
    {
      level: 'ok',
      aspect: 'request',
      stream,
      message: `${request.method ?? 'GET'} ${withoutQuery(response.url)} answered ${response.status}`,
    },
  ];
  if (page.ignored !== null)
    return [
      ...findings,
      { level: 'warning', aspect: 'sample', stream, message: `a rule ignores the answer: ${page.ignored}` },
    ];
  let rows: Row[] = [];
  try {
    rows = await readRows(page.document, ctx.stream, ctx.extract, bindingsOf(page.place));
    findings.push(await sampleOf(page, rows, ctx));
    const more = ctx.stream.requests.at(-1)?.paginate === undefined ? signOfMore(page, rows.length) : null;
    if (more !== null)
      findings.push({
        level: 'warning',
        aspect: 'paging',
        stream,
        message: `only this page is read, and ${more}`,
        hint: 'Say by paginate how the next page is asked for.',
      });
  } catch (thrown) {
    const error = asOutturnError(thrown);
    findings.push(failed(error, 'sample', stream));
    if (rows.length > 0) findings.push(proposal(rows, stream));
  }
  return findings;
}

async function sampleOf(
  page: FoundPage,
  rows: readonly Row[],
  ctx: StreamContext<HttpOptions, HttpStream>,
): Promise<Finding> {
  const { streamId: stream } = ctx;
  const [first] = rows;
  if (first === undefined)
    return {
      level: 'warning',
      aspect: 'sample',
      stream,
      message: 'the answer has no rows',
      hint: ctx.stream.requests.some(isWindowed)
        ? 'Nothing may have happened in the last days; else check rows and the window in the request.'
        : 'Either there are none yet, or the request leaves out all.',
    };
  const parsed = await parsePage(
    {
      body: page.response.body,
      contentType: '',
      request: { method: 'GET', url: page.response.url },
      receivedAtMs: page.response.receivedAtMs,
      meta: { page: 1, item: page.place.item ?? null, parents: page.place.parents, status: 200, ignored: null },
    },
    ctx,
  );
  const line = firstRowLine(parsed);
  const count = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`;
  return line === null
    ? {
        level: 'warning',
        aspect: 'sample',
        stream,
        message: `${count}, the first one ${shown(first)}, gives nothing: ${parsed.warnings.join('; ')}`,
      }
    : { level: 'ok', aspect: 'sample', stream, message: `${count}, the first gives ${line}` };
}

/** When the mapping does not fit: what there is, and a mapping to begin with. */
function proposal(rows: readonly Row[], stream: string): Finding {
  const fields = guessFields(rows);
  const mapping = guessMapping(fields);
  return {
    level: 'warning',
    aspect: 'mapping',
    stream,
    message: `the rows have ${describeFields(fields)}`,
    hint: mapping === null ? undefined : `A mapping to begin with: ${JSON.stringify(mapping)}`,
  };
}
