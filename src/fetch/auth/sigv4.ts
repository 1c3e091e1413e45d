import { createHash, createHmac, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { type AuthConfig, type Clock, PermanentError } from '#kit';
import { excerptOf } from '../failures.ts';
import type { AuthAnswer, Authenticator, UnsignedRequest } from './authenticator.ts';
import { clockDifference } from './token-endpoint.ts';

type SigV4 = Extract<AuthConfig, { kind: 'sigv4' }>;
type Data = string | ArrayBuffer | ArrayBufferView;

const bytesOf = (data: Data): Buffer =>
  typeof data === 'string'
    ? Buffer.from(data)
    : ArrayBuffer.isView(data)
      ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
      : Buffer.from(data);

/** SHA-256 or its HMAC, as the signer wants it. */
class Sha256 {
  private hash: ReturnType<typeof createHash> | Hmac;
  private readonly key: Buffer | null;
  constructor(secret?: Data) {
    this.key = secret === undefined ? null : bytesOf(secret);
    this.hash = this.begin();
  }
  update(data: Data): void {
    this.hash.update(bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
  reset(): void {
    this.hash = this.begin();
  }
  private begin(): ReturnType<typeof createHash> | Hmac {
    return this.key === null ? createHash('sha256') : createHmac('sha256', this.key);
  }
}

/**
 * AWS Signature Version 4: every request is signed anew with method, path, query, headers and body, so each redirect and
 * each repetition carries a signature of its own. `contentHash` sends the body's hash as a header too, which S3 and OpenSearch
 * Serverless want and the others allow.
 */
export async function signRequest(
  auth: SigV4,
  request: UnsignedRequest,
  { nowMs, contentHash = true }: { nowMs: number; contentHash?: boolean },
): Promise<{ headers: Record<string, string>; search: string }> {
  const { address, method, body } = request;
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(address.searchParams.keys())) query[name] = address.searchParams.getAll(name);
  const signer = new SignatureV4({
    service: auth.service,
    region: auth.region,
    credentials: {
      accessKeyId: auth.accessKeyId,
      secretAccessKey: auth.secretAccessKey,
      ...(auth.sessionToken === null ? {} : { sessionToken: auth.sessionToken }),
    },
    sha256: Sha256,
    applyChecksum: contentHash,
    // S3 alone signs the path as it is sent; all others encode it once more.
    uriEscapePath: auth.service !== 's3',
  });
  const signed = await signer.sign(
    {
      method,
      protocol: address.protocol,
      hostname: address.hostname,
      path: address.pathname,
      query,
      headers: { ...request.headers, host: address.host },
      ...(body === null ? {} : { body }),
    },
    { signingDate: new Date(nowMs) },
  );
  const { host: _host, ...headers } = Object.fromEntries(
    Object.entries(signed.headers).filter(([name]) => !Object.hasOwn(request.headers, name)),
  );
  return { headers, search: canonicalSearch(query) };
}

/** In the spelling that is signed: servers differ in how they read a `+` or a sign that is not encoded. */
function canonicalSearch(query: Readonly<Record<string, string | string[]>>): string {
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return Object.entries(query)
    .flatMap(([name, values]) => [values].flat().map((value) => `${encode(name)}=${encode(value)}`))
    .join('&');
}

const UNKNOWN_KEY = /InvalidAccessKeyId|InvalidClientTokenId|UnrecognizedClient|UnknownAccessKey|AuthFailure/;
const WRONG_SIGNATURE = /SignatureDoesNotMatch|InvalidSignature|IncompleteSignature|MissingAuthenticationToken/;
const EXPIRED_TOKEN = /ExpiredToken|TokenRefreshRequired/;
const WRONG_TIME = /RequestTimeTooSkewed|RequestExpired|Signature expired|Signature not yet current|RequestInTheFuture/;

/** Signs requests. What AWS says of a refusal stands in the body, under 400 or 403. */
export function sigv4Credentials(
  auth: SigV4,
  { clock, redact }: { clock: Clock; redact(text: string): string },
): Authenticator {
  return {
    async credentials(request) {
      return { ...(await signRequest(auth, request, { nowMs: clock.nowMs() })), query: {}, generation: 0 };
    },
    refused: () => false,
    explain(answer, label) {
      const hint = hintFor(answer, clock.nowMs());
      if (hint === null) return null;
      const excerpt = excerptOf(answer.body, redact);
      return new PermanentError(
        'source/unauthorised',
        `${label}: the source answered ${answer.status}${excerpt === '' ? '' : ` (${excerpt})`}`,
        { hint, facts: { status: answer.status } },
      );
    },
  };
}

function hintFor({ status, headers, body }: AuthAnswer, nowMs: number): string | null {
  if (status !== 400 && status !== 401 && status !== 403) return null;
  const said = body.slice(0, 4000);
  const skew = clockDifference(headers['date'], nowMs);
  if (WRONG_TIME.test(said))
    return skew ?? "The time in the signature is not the source's: set this machine's clock by NTP.";
  if (EXPIRED_TOKEN.test(said))
    return 'The temporary credentials are over: get others, or use a key that does not expire.';
  if (UNKNOWN_KEY.test(said))
    return 'The access key is not known there: check auth.accessKeyId, and sessionToken if it is a temporary one.';
  if (WRONG_SIGNATURE.test(said))
    return skew ?? 'The signature does not fit: check auth.secretAccessKey, region and service.';
  return null;
}
