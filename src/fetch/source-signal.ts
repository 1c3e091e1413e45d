import type { SourceSignal } from '#kit';
import { parseRetryAfterMs } from './retry-after.ts';

/** One limit of the source, as far as its headers tell. */
interface Quota {
  /** Named in the reason. */
  header: string;
  limit: number | null;
  windowMs: number | null;
  remaining: number | null;
  resetMs: number | null;
}

/** A limit over a longer time leaves room for bursts: there only what remains counts. */
const LONGEST_WINDOW_MS = 300_000;
/** What is used up, without a word about when it comes back. */
const UNKNOWN_RESET_MS = 60_000;
const UNIT_MS: Readonly<Record<string, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  month: 2_592_000_000,
};

/**
 * What an answer says about the limits of the source, by `Retry-After`, `RateLimit` and `RateLimit-Policy` (and the separate
 * headers of their earlier drafts), `X-RateLimit-…` as GitHub, Kong and many others send them, `x-ms-ratelimit-…`, and AWS's
 * name of an error, which stands beside a 400.
 * Null: nothing that matters.
 */
export function readSourceSignal(
  response: { status: number; headers: Readonly<Record<string, string>> },
  nowMs: number,
): SourceSignal | null {
  const { status, headers } = response;
  const quotas = [...structured(headers), ...separate(headers, nowMs), ...remainders(headers)];
  const usedUp = quotas.filter(({ remaining }) => remaining !== null && remaining <= 0);
  const retryAfterMs = patience(headers, nowMs);
  const isLimit =
    status === 429 ||
    (status === 403 && (retryAfterMs !== undefined || usedUp.length > 0)) ||
    (status === 400 && isThrottledByAws(headers));
  const rates = quotas.flatMap(({ limit, windowMs }) =>
    limit === null || windowMs === null || windowMs > LONGEST_WINDOW_MS ? [] : [(limit * 60_000) / windowMs],
  );
  const perMinute = rates.length === 0 ? null : Math.max(1, Math.floor(Math.min(...rates)));
  const pause = pauseOf(status, isLimit, retryAfterMs, usedUp);
  // Nothing remains, but nobody knows until when: as a refusal, it makes all of them slower.
  const refused = isLimit || (usedUp.length > 0 && pause === null);
  if (!refused && pause === null && perMinute === null) return null;
  return { refused, pauseMs: pause?.ms ?? null, pauseReason: pause?.reason ?? null, perMinute };
}

/** `x-amzn-ErrorType: ThrottlingException:http://…` of AWS's JSON protocols, `x-amzn-query-error: Throttling;Sender` of older services. */
function isThrottledByAws(headers: Readonly<Record<string, string>>): boolean {
  const named = `${headers['x-amzn-errortype'] ?? ''} ${headers['x-amzn-query-error'] ?? ''}`;
  return /\b(?:Throttl(?:ing|ed)|RequestLimitExceeded|TooManyRequests)/.test(named);
}

function pauseOf(
  status: number,
  isLimit: boolean,
  retryAfterMs: number | undefined,
  usedUp: readonly Quota[],
): { ms: number; reason: string } | null {
  // What the source asks for in so many words goes before what its counters let one guess.
  if (retryAfterMs !== undefined && retryAfterMs > 0 && (isLimit || status === 503))
    return { ms: retryAfterMs, reason: `${status} with Retry-After` };
  let longest: { ms: number; reason: string } | null = null;
  for (const { header, resetMs, windowMs } of usedUp) {
    const ms = resetMs ?? (windowMs === null ? null : Math.min(windowMs, UNKNOWN_RESET_MS));
    if (ms !== null && ms > (longest?.ms ?? 0)) longest = { ms, reason: `${header} says that nothing is left` };
  }
  return longest;
}

function patience(headers: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const standard = parseRetryAfterMs(headers['retry-after'], nowMs);
  if (standard !== undefined) return standard;
  for (const [name, value] of Object.entries(headers))
    if (/^x-ms-ratelimit-.*retry-after$/.test(name)) return parseRetryAfterMs(value, nowMs);
  return undefined;
}

/** `RateLimit: "default";r=50;t=30` with `RateLimit-Policy: "default";q=100;w=60`, and draft 7's `limit=100, remaining=50, reset=5`. */
function structured(headers: Readonly<Record<string, string>>): Quota[] {
  const none = { limit: null, windowMs: null, remaining: null, resetMs: null };
  const policies = members(headers['ratelimit-policy'] ?? '').map(
    ({ item, parameters }): Quota => ({
      ...none,
      header: 'RateLimit-Policy',
      limit: whole(parameters.get('q')) ?? whole(item),
      windowMs: seconds(parameters.get('w')),
    }),
  );
  const text = headers['ratelimit'] ?? '';
  const fields = new Map(members(text).flatMap(({ item }) => (item.includes('=') ? [pairOf(item)] : [])));
  if (fields.has('remaining') || fields.has('limit'))
    return [
      ...policies,
      {
        ...none,
        header: 'RateLimit',
        remaining: whole(fields.get('remaining')),
        resetMs: seconds(fields.get('reset')),
      },
    ];
  const limits = members(text).map(
    ({ parameters }): Quota => ({
      ...none,
      header: 'RateLimit',
      remaining: whole(parameters.get('r')),
      resetMs: seconds(parameters.get('t')),
    }),
  );
  return [...policies, ...limits];
}

/** `RateLimit-Remaining`, `X-RateLimit-Limit-Minute`, `X-Rate-Limit-Reset` …, of which those with one ending belong together. */
function separate(headers: Readonly<Record<string, string>>, nowMs: number): Quota[] {
  const quotas = new Map<string, Quota>();
  for (const [name, value] of Object.entries(headers)) {
    const found =
      /^(x-)?rate-?limit-(limit|period|remaining|reset-after|reset)(?:-(second|minute|hour|day|month|requests))?$/.exec(
        name,
      );
    if (found === null) continue;
    const [, mark = '', what, ending = ''] = found;
    const key = `${mark}${ending}`;
    const quota = quotas.get(key) ?? {
      header: '',
      limit: null,
      windowMs: UNIT_MS[ending] ?? null,
      remaining: null,
      resetMs: null,
    };
    if (what === 'limit') {
      const [first] = members(value);
      quota.limit = whole(first?.item);
      // The first drafts put the window behind the limit: `100, 100;w=60`.
      const window = members(value).find(({ parameters }) => parameters.has('w'));
      quota.windowMs ??= seconds(window?.parameters.get('w'));
    } else if (what === 'period') quota.windowMs = seconds(value);
    else if (what === 'remaining') {
      quota.remaining = whole(value);
      quota.header = name;
    } else quota.resetMs = resetMs(value, headers['date'], nowMs);
    quotas.set(key, quota);
  }
  return [...quotas.values()];
}

/** Microsoft's counters say what is left, never until when. */
function remainders(headers: Readonly<Record<string, string>>): Quota[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    /^x-ms-ratelimit-.*remaining/.test(name) && whole(value) !== null
      ? [{ header: name, limit: null, windowMs: null, remaining: whole(value), resetMs: null }]
      : [],
  );
}

interface Member {
  item: string;
  parameters: Map<string, string>;
}
/** Members of a list with parameters, as far as these headers use structured fields. */
function members(text: string): Member[] {
  return text
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
    .slice(0, 20)
    .map((member) => {
      const [item = '', ...parameters] = member.split(';').map((part) => part.trim());
      return { item, parameters: new Map(parameters.map(pairOf)) };
    });
}

function pairOf(text: string): [string, string] {
  const [name = '', value = ''] = text.split('=', 2);
  return [name.trim().toLowerCase(), value.trim()];
}

function whole(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}(?:\.0+)?$/.test(text.trim()) ? Number(text) : null;
}

function seconds(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}(?:\.\d+)?$/.test(text.trim()) ? Math.ceil(Number(text) * 1000) : null;
}

/** An instant in seconds, milliseconds or microseconds since 1970: they cannot be confused for centuries. */
function epochMs(value: number): number {
  return value > 1e14 ? value / 1000 : value > 1e11 ? value : value * 1000;
}

/** Seconds from now, an instant of the source's clock in seconds or finer, a date, or `6m0s`. */
function resetMs(text: string, date: string | undefined, nowMs: number): number | null {
  const trimmed = text.trim();
  // The source's clock may differ from this one: its own `Date` is what its instants are measured by.
  const sourceNowMs = date !== undefined && !Number.isNaN(Date.parse(date)) ? Date.parse(date) : nowMs;
  if (/^\d{1,16}(?:\.\d+)?$/.test(trimmed)) {
    const value = Number(trimmed);
    return Math.max(0, Math.ceil(value > 1e9 ? epochMs(value) - sourceNowMs : value * 1000));
  }
  const parts = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/.exec(trimmed);
  if (trimmed !== '' && parts !== null) {
    const [hours = 0, minutes = 0, secs = 0, millis = 0] = parts.slice(1).map((part) => Number(part ?? 0));
    return Math.ceil(((hours * 60 + minutes) * 60 + secs) * 1000 + millis);
  }
  if (!/^(?:\d{4}-\d\d-\d\d|[A-Za-z]{3,9},? )/.test(trimmed)) return null;
  const atMs = Date.parse(trimmed);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - sourceNowMs);
}
