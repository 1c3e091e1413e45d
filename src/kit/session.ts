import type { HttpRequest, HttpResponse } from './ports.ts';

/** What a login gave: added to every request until it ends or is refused. */
export interface SessionTicket {
  headers: Record<string, string>;
  /** Texts that must never be shown: tokens, cookies. */
  secrets: string[];
  /** Null: unknown; it is used until the source refuses it. */
  expiresInMs: number | null;
}

/** How one kind of source logs in with user and password and knows a session that has ended (Zabbix, Odoo, Tryton …). */
export interface SessionProtocol<O = unknown> {
  /** `url` relative to the connector's. */
  login(credentials: { username: string; password: string }, options: O): HttpRequest;
  /** The answer to `login`. Throws `source/unauthorised` for a wrong password, `source/bad-shape` for what is no answer of such a source. */
  read(response: HttpResponse, options: O, credentials: { username: string; password: string }): SessionTicket;
  /** Whether an answer says that the session is over (many do so inside an HTTP 200). 401 always does. */
  isExpired?(response: Pick<HttpResponse, 'status' | 'body'>, options: O): boolean;
}

/**
 * The cookies that an answer sets, as a later request's `cookie` header sends them back: names and values alone. Null where
 * it sets none. `src/fetch` gives several `set-cookie` headers one a line.
 */
export function cookiesOf(response: Pick<HttpResponse, 'headers'>): string | null {
  const pairs = new Map<string, string>();
  for (const line of (response.headers['set-cookie'] ?? '').split('\n')) {
    const pair = /^\s*([^=;\s]+)=([^;]*)/.exec(line);
    if (pair?.[1] !== undefined) pairs.set(pair[1], (pair[2] ?? '').trim());
  }
  return pairs.size === 0 ? null : [...pairs].map(([name, value]) => `${name}=${value}`).join('; ');
}
