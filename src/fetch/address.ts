import type { HttpRequest } from '#kit';
import { PermanentError } from '#kit';

type QueryValue = string | number | readonly (string | number)[] | undefined;

/** `$` and `,` stay readable (OData's `$filter`, lists); everything else that is not plain is percent-encoded. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll('%24', '$').replaceAll('%2C', ',');
}

export function encodeQuery(query: Readonly<Record<string, QueryValue>>): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) parts.push(`${encode(name)}=${encode(String(item))}`);
  }
  return parts.join('&');
}

/** Form bodies (`application/x-www-form-urlencoded`); arrays repeat the name, undefined and null are left out. */
export function encodeForm(fields: Readonly<Record<string, unknown>>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue;
    for (const item of Array.isArray(value) ? value : [value]) form.append(name, String(item));
  }
  return form.toString();
}

/** The connector's url, checked: http(s), and no user name or password in it. */
export function parseBase(connectorId: string, text: string | null): URL | null {
  if (text === null) return null;
  if (!URL.canParse(text))
    throw new PermanentError('config/invalid-value', `connector ${connectorId}: url is not an address`, {
      hint: 'Write it as http://host:port/path.',
    });
  const base = new URL(text);
  if (base.protocol !== 'http:' && base.protocol !== 'https:')
    throw new PermanentError('config/invalid-value', `connector ${connectorId}: url begins with ${base.protocol}//`, {
      hint: 'Only http:// and https:// are spoken.',
    });
  if (base.username !== '' || base.password !== '')
    throw new PermanentError('config/invalid-value', `connector ${connectorId}: url carries a user name or password`, {
      hint: 'Write them as auth: { kind: basic, username: …, password: … }.',
    });
  return base;
}

/**
 * The full address of a request. A relative one is appended to the connector's path, with or without a leading slash
 * (`/api/v1/query` below `http://host/prometheus`); its own query string is kept byte for byte, `query` comes after it.
 */
export function requestAddress(connectorId: string, base: URL | null, request: HttpRequest): URL {
  let target: URL;
  if (/^https?:\/\//i.test(request.url)) target = new URL(request.url);
  else {
    if (base === null)
      throw new PermanentError('config/invalid-value', `connector ${connectorId} has no url`, {
        hint: `Add url: http://… to the connector ${connectorId}.`,
      });
    const [path = '', ...query] = request.url.split('?');
    const prefix = base.pathname.replace(/\/+$/, '');
    const suffix = path.replace(/^\/+/, '');
    target = new URL(base.href);
    target.pathname = suffix === '' ? base.pathname : `${prefix}/${suffix}`;
    target.search = [base.search.slice(1), query.join('?')].filter((part) => part !== '').join('&');
  }
  appendQuery(target, request.query ?? {});
  target.hash = '';
  return target;
}

export function appendQuery(target: URL, query: Readonly<Record<string, QueryValue>>): void {
  const encoded = encodeQuery(query);
  if (encoded === '') return;
  target.search = target.search === '' ? encoded : `${target.search.slice(1)}&${encoded}`;
}

/** Takes one parameter out; the others stay byte for byte. */
export function dropQuery(target: URL, name: string): void {
  const parts = target.search.slice(1).split('&');
  const kept = parts.filter((part) => !new URLSearchParams(part).has(name));
  if (kept.length < parts.length) target.search = kept.join('&');
}

/** `host:port` with the port always said: that is what a firewall or a typing error is about. */
export function hostAndPort(address: URL): string {
  const port = address.port === '' ? (address.protocol === 'https:' ? '443' : '80') : address.port;
  return `${address.hostname}:${port}`;
}
