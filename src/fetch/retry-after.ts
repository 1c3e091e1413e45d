const LONGEST_MS = 24 * 3_600_000;

/** `Retry-After` (RFC 9110 §10.2.3): seconds or an HTTP date, as milliseconds from now; undefined when absent or unreadable. */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), LONGEST_MS);
  // An HTTP date names a weekday; anything else (`-5`, `soon`) must not be guessed at by Date.parse.
  if (!/^[A-Za-z]{3,9},? /.test(text)) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.min(Math.max(atMs - nowMs, 0), LONGEST_MS);
}
