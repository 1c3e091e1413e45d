import {
  followedLink,
  type HttpRequest,
  PermanentError,
  renderTemplate,
  renderTemplateValue,
  type TemplateValues,
} from '#kit';
import type { SentRequest, Target } from './request-options.ts';

export interface Filling {
  values: TemplateValues;
  timeZone: string;
  streamId: string;
  /** Address of the answer that the item came in, for items that hold addresses; null: the first request. */
  parentUrl: string | null;
  rewriteLinks: boolean;
}

/** The request with its templates filled. Throws `config/invalid-value` where a placeholder has no value that fits. */
export function buildRequest(options: SentRequest, filling: Filling): HttpRequest {
  const { values, timeZone } = filling;
  const fill = (text: string, encode?: (text: string) => string): string | undefined => {
    try {
      return renderTemplate(text, values, encode === undefined ? { timeZone } : { timeZone, encode });
    } catch (thrown) {
      throw unfilled(thrown, filling.streamId);
    }
  };
  const path = fill(options.path, encodeSegment) ?? '';
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
  if (absolute && filling.parentUrl === null)
    throw new PermanentError('config/invalid-value', `stream ${filling.streamId}: path is an address of its own`, {
      hint: 'Write the path below url.',
    });
  const query: NonNullable<HttpRequest['query']> = {};
  for (const [name, written] of Object.entries(options.query)) {
    const filled = (Array.isArray(written) ? written : [written])
      .map((item) => (typeof item === 'string' ? fill(item) : String(item)))
      .filter((item) => item !== undefined);
    query[name] = Array.isArray(written) ? filled : filled[0];
  }
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(options.headers)) {
    const value = fill(text);
    if (value !== undefined) headers[name.toLowerCase()] = value.replace(/[\r\n\0]+/g, ' ');
  }
  return {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    url:
      absolute && filling.parentUrl !== null
        ? followedLink(path, filling.parentUrl, { streamId: filling.streamId, rewriteLinks: filling.rewriteLinks })
        : path,
    query,
    ...bodyOf(options.body, headers, filling, fill),
  };
}

function bodyOf(
  body: SentRequest['body'],
  headers: Record<string, string>,
  { values, timeZone, streamId }: Filling,
  fill: (text: string, encode?: (text: string) => string) => string | undefined,
): Pick<HttpRequest, 'body' | 'bodyType' | 'headers'> {
  if (body === undefined) return { headers };
  if ('form' in body) {
    const form: Record<string, string> = {};
    for (const [name, written] of Object.entries(body.form)) {
      const value = typeof written === 'string' ? fill(written) : String(written);
      if (value !== undefined) form[name] = value;
    }
    return { headers, body: form, bodyType: 'form' };
  }
  if ('xml' in body)
    return {
      headers: { 'content-type': 'text/xml; charset=utf-8', ...headers },
      body: fill(body.xml, escapeXml) ?? '',
    };
  if ('text' in body) return { headers, body: fill(body.text) ?? '' };
  let json: unknown;
  try {
    json = filledJson(body.json, (text) => renderTemplateValue(text, values, { timeZone }));
  } catch (thrown) {
    throw unfilled(thrown, streamId);
  }
  return { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) ?? 'null' };
}

/** A copy with its texts filled; members whose placeholder has no value are left out. */
function filledJson(value: unknown, fill: (text: string) => unknown): unknown {
  if (typeof value === 'string') return fill(value);
  if (Array.isArray(value)) return value.map((item) => filledJson(item, fill)).filter((item) => item !== undefined);
  if (typeof value !== 'object' || value === null) return value;
  const filled = Object.entries(value).map(([key, item]) => [key, filledJson(item, fill)] as const);
  return Object.fromEntries(filled.filter(([, item]) => item !== undefined));
}

/** What an item holds must stay one segment of the path. */
function encodeSegment(text: string): string {
  if (text === '.' || text === '..') throw new Error(`"${text}" would lead to another path`);
  return encodeURIComponent(text);
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function unfilled(thrown: unknown, streamId: string): PermanentError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new PermanentError('config/invalid-value', `stream ${streamId}: a template cannot be filled: ${reason}`, {
    hint: 'Check the names in {{…}} and what the items of the source hold.',
  });
}

/** The request with a page's token, offset or number in its place. */
export function withCursor(request: HttpRequest, target: Target | undefined, value: unknown): HttpRequest {
  if (target === undefined || value === undefined) return request;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if ('query' in target) return { ...request, query: { ...request.query, [target.query]: text } };
  if ('header' in target)
    return {
      ...request,
      headers: { ...request.headers, [target.header.toLowerCase()]: text.replace(/[\r\n\0]/g, '') },
    };
  if (request.bodyType === 'form' && typeof request.body === 'object')
    return { ...request, body: { ...request.body, [target.body.slice(1)]: text } };
  const document: unknown = typeof request.body === 'string' ? JSON.parse(request.body) : {};
  return { ...request, body: JSON.stringify(placed(document, segmentsOf(target.body), value)) };
}

/** The segments of a JSON pointer (RFC 6901). */
export const segmentsOf = (pointer: string): string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

function placed(document: unknown, [head, ...rest]: string[], value: unknown): unknown {
  if (head === undefined) return value;
  if (Array.isArray(document))
    return document.map((item, index) => (String(index) === head ? placed(item, rest, value) : item));
  const record = typeof document === 'object' && document !== null ? document : {};
  const inner = Object.hasOwn(record, head) ? Reflect.get(record, head) : undefined;
  return Object.fromEntries([
    ...Object.entries(record).filter(([key]) => key !== head),
    [head, placed(inner, rest, value)],
  ]);
}
