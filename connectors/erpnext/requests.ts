import {
  asRecord,
  cookiesOf,
  type HttpRequest,
  type HttpResponse,
  PermanentError,
  recordsIn,
  type SessionProtocol,
} from '#kit';
import { explainRefusal, isSessionOver } from './errors.ts';
import type { ErpnextOptions } from './options.ts';

export interface ListQuery {
  doctype: string;
  parentDoctype?: string | undefined;
  fields: readonly string[];
  filters: readonly (readonly unknown[])[];
  orderBy: string;
  limit: number;
}

/** The request of a list of documents. Without `fields` Frappe gives names alone, without a limit twenty of them. */
export function listRequest({ api }: Pick<ErpnextOptions, 'api'>, query: ListQuery): HttpRequest {
  const { doctype, parentDoctype, fields, filters, orderBy, limit } = query;
  const common = {
    fields: JSON.stringify(fields),
    filters: JSON.stringify(filters),
    order_by: orderBy,
    // v1 hands it to frappe.client.get_list, which calls it `parent`; get_list of Frappe 15 wants `parent_doctype`.
    ...(parentDoctype === undefined ? {} : { parent: parentDoctype, parent_doctype: parentDoctype }),
  };
  const name = encodeURIComponent(doctype);
  // v2 has no parameter for the parent, without which a child table may not be read.
  return api === 'v1' || parentDoctype !== undefined
    ? { url: `api/resource/${name}`, query: { ...common, limit_page_length: limit }, explain: explainRefusal }
    : { url: `api/v2/document/${name}`, query: { ...common, start: 0, limit }, explain: explainRefusal };
}

/** A whitelisted method. */
export const methodRequest = (method: string, query: Record<string, string>): HttpRequest => ({
  url: `api/method/${method}`,
  query,
  explain: explainRefusal,
});

export interface ListAnswer {
  rows: Record<string, unknown>[];
  /** What v2 says; null: nothing. */
  hasMore: boolean | null;
}

/** Reads a list of documents; throws `source/bad-shape` when it is none. */
export function readList(answer: unknown, what: string): ListAnswer {
  const record = asRecord(answer);
  const data = record?.['data'];
  if (!Array.isArray(data))
    throw new PermanentError('source/bad-shape', `${what}: the answer has no list "data"`, {
      hint: 'Check url and api: v2 needs Frappe 15 or later.',
    });
  const rows = recordsIn(data, what, 'row');
  const hasMore = record?.['has_next_page'];
  return { rows, hasMore: typeof hasMore === 'boolean' ? hasMore : null };
}

/** `/api/method/login`: the session is a cookie. */
export const session: SessionProtocol<ErpnextOptions> = {
  login({ username, password }) {
    return {
      method: 'POST',
      url: 'api/method/login',
      body: { usr: username, pwd: password },
      explain: explainRefusal,
    };
  },
  read(response: HttpResponse) {
    const answer = response.json();
    const cookie = cookiesOf(response);
    const id = /(?:^|; )sid=([^;]+)/.exec(cookie ?? '')?.[1];
    if (id === 'Guest' || asRecord(answer)?.['tmp_id'] !== undefined)
      throw new PermanentError('source/unauthorised', 'login: Frappe opens no session', {
        hint: 'Check auth.username and auth.password. A user with a second factor needs an API key.',
      });
    if (id === undefined)
      throw new PermanentError('source/bad-shape', 'login: the answer sets no cookie sid', {
        hint: 'Check url: another service may have answered in place of Frappe.',
      });
    return { headers: { cookie: `sid=${id}` }, secrets: [id], expiresInMs: null };
  },
  isExpired: ({ body }) => isSessionOver(body),
};
