import { connect } from 'node:tls';
import type { ConnectorConfig, Finding } from '#kit';

const DAY_MS = 86_400_000;
/** Earlier nobody needs to act: usual certificates are renewed a month before they end. */
const SOON_MS = 21 * DAY_MS;

/**
 * How long the certificate of a source is still good, whoever signed it: whether it is trusted, requests have shown. Null
 * where there is none to look at: no HTTPS, or a proxy between.
 */
export async function certificateFinding(
  { http }: Pick<ConnectorConfig, 'http'>,
  { nowMs, signal }: { nowMs: number; signal: AbortSignal },
): Promise<Finding | null> {
  if (http.url === null || http.proxy !== null || !URL.canParse(http.url)) return null;
  const url = new URL(http.url);
  if (url.protocol !== 'https:') return null;
  const validTo = await validUntil(url, Math.min(http.timeoutMs, 10_000), signal);
  if (validTo === null) return null;
  const leftMs = validTo - nowMs;
  const days = Math.floor(leftMs / DAY_MS);
  const until = new Date(validTo).toISOString().slice(0, 10);
  const verified = http.tls.rejectUnauthorized ? '' : ' It is not verified: tls.insecure is set.';
  const base = { aspect: 'tls', expiresAtMs: validTo };
  if (leftMs <= 0)
    return {
      ...base,
      level: 'error',
      message: `The certificate of ${url.host} ended on ${until}.${verified}`,
      hint: RENEW,
    };
  const message = `The certificate of ${url.host} is good until ${until}, ${days} ${days === 1 ? 'day' : 'days'} from now.${verified}`;
  if (leftMs < SOON_MS) return { ...base, level: 'warning', message, hint: RENEW };
  return verified === ''
    ? { ...base, level: 'ok', message }
    : { ...base, level: 'warning', message, hint: 'Name the CA by tls.caFile and leave tls.insecure out.' };
}

const RENEW = 'Who runs the source must renew it; pulls fail when it ends.';

function validUntil(url: URL, timeoutMs: number, signal: AbortSignal): Promise<number | null> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: url.port === '' ? 443 : Number(url.port),
      // An address has no server name.
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      // Nothing is sent: only the certificate is looked at.
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    const end = (atMs: number | null): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(atMs);
    };
    const onAbort = (): void => end(null);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('secureConnect', () => {
      const atMs = Date.parse(socket.getPeerCertificate().valid_to);
      end(Number.isNaN(atMs) ? null : atMs);
    });
    socket.once('timeout', () => end(null));
    socket.once('error', () => end(null));
    if (signal.aborted) onAbort();
  });
}
