import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { S3Client } from '@aws-sdk/client-s3';
import {
  type FileSource,
  type FoundFile,
  type OutturnError,
  PermanentError,
  RetryableError,
  type S3Access,
} from '#kit';
import { BlockedAddressError, guardedLookup, refuseAddress } from './address-guard.ts';
import { blockedAddressError, cancellation, codeOf, NETWORK_REASONS, TLS_HINTS } from './failures.ts';
import { fixedPart, globExpression, isGlob } from './glob-pattern.ts';
import { MOST_FILES, tooManyFiles } from './most-files.ts';
import { textOf } from './text-of.ts';

const ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;

interface Opened {
  s3: S3Client;
  sdk: typeof import('@aws-sdk/client-s3');
  /** For messages: the endpoint, or AWS itself. */
  where: string;
}

const defaultAccess: S3Access = {
  endpoint: null,
  region: null,
  accessKeyId: null,
  secretAccessKey: null,
  sessionToken: null,
  forcePathStyle: false,
};

/** Objects of S3 as files: `s3://bucket/key`, where the key may be a glob. `pageKeys`: keys of one page of a listing. */
export function createS3Source({ pageKeys = 1_000 }: { pageKeys?: number } = {}): FileSource {
  const clients = new Map<string, Promise<Opened>>();
  const open = (access: S3Access): Promise<Opened> => {
    const key = JSON.stringify(access);
    const opened = clients.get(key) ?? connect(access);
    clients.set(key, opened);
    // A failure (an endpoint that is no address) is told to each who asks, but not kept.
    opened.catch(() => clients.delete(key));
    return opened;
  };

  return {
    async list(pattern, { s3: access, signal } = {}) {
      const { bucket, key: glob } = readAddress(pattern);
      const { s3, sdk, where } = await open(access ?? defaultAccess);
      const matches = isGlob(glob) ? globExpression(glob) : null;
      const found: FoundFile[] = [];
      let token: string | undefined;
      do {
        const page = await calling(
          s3.send(
            new sdk.ListObjectsV2Command({
              Bucket: bucket,
              Prefix: fixedPart(glob),
              MaxKeys: pageKeys,
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
            signal === undefined ? {} : { abortSignal: signal },
          ),
          { shown: `s3://${bucket}`, where, signal },
        );
        for (const { Key: key = '', Size: bytes = 0, LastModified: modified, ETag: etag } of page.Contents ?? []) {
          if (key.endsWith('/') || !(matches?.test(key) ?? key === glob)) continue;
          if (found.length === MOST_FILES) throw tooManyFiles(pattern);
          const modifiedAtMs = modified?.getTime() ?? 0;
          found.push({ path: `s3://${bucket}/${key}`, modifiedAtMs, bytes, version: etag });
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
        // Else a store that says "more" without saying where would be asked for ever.
        if (page.IsTruncated === true && token === undefined)
          throw new PermanentError(
            'source/bad-shape',
            `s3://${bucket} at ${where}: the listing goes on but says not where`,
          );
      } while (token !== undefined);
      if (found.length === 0)
        throw new PermanentError('config/not-found', `no object matches ${pattern} at ${where}`, {
          hint: '* stands for a part of a name, ** for folders; keys are case-sensitive.',
        });
      return found.sort((a, b) => (a.path < b.path ? -1 : 1));
    },

    async *read({ path, version }, { maxBytes, s3: access, signal }) {
      const { bucket, key } = readAddress(path);
      const { s3, sdk, where } = await open(access ?? defaultAccess);
      const place = { shown: path, where, signal };
      const answer = await calling(
        s3.send(
          new sdk.GetObjectCommand({
            Bucket: bucket,
            Key: key,
            ...(version === undefined ? {} : { IfMatch: version }),
          }),
          signal === undefined ? {} : { abortSignal: signal },
        ),
        place,
      );
      if (version !== undefined && answer.ETag !== undefined && answer.ETag !== version) throw changed(path);
      const body = answer.Body;
      if (body === undefined) throw new RetryableError('source/empty-answer', `${path}: ${where} sent no body`);
      yield* textOf(bytesOf(body as AsyncIterable<Uint8Array>, place, answer.ContentLength), { shown: path, maxBytes });
    },
  };
}

/** `s3://bucket/key`. Throws `config/invalid-value`. */
function readAddress(address: string): { bucket: string; key: string } {
  const [, bucket, key] = /^s3:\/\/([^/*?[{]+)\/(.+)$/s.exec(address) ?? [];
  if (bucket === undefined || key === undefined)
    throw new PermanentError('config/invalid-value', `${address} is no address of S3`, {
      hint: 'Write s3://bucket/folder/name-*.csv; the bucket itself can be no pattern.',
    });
  return { bucket, key };
}

const changed = (path: string): RetryableError =>
  new RetryableError('source/partial', `${path} was replaced while it was about to be read`, {
    hint: 'The next try reads the new one.',
  });

async function* bytesOf(
  body: AsyncIterable<Uint8Array>,
  place: { shown: string; where: string; signal: AbortSignal | undefined },
  length: number | undefined,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      if (place.signal?.aborted === true) throw cancellation(place.signal, place.shown);
      bytes += chunk.length;
      yield chunk;
    }
  } catch (thrown) {
    throw s3Error(thrown, place);
  }
  if (length !== undefined && bytes !== length)
    throw new RetryableError('source/unreachable', `${place.shown}: ${bytes} of ${length} bytes came`);
}

/** The SDK takes long to load: only those who read from S3 pay for it. */
async function connect(access: S3Access): Promise<Opened> {
  const { endpoint, accessKeyId, secretAccessKey, sessionToken } = access;
  if (endpoint !== null) {
    const reason = refuseAddress(new URL(endpoint).hostname, 'no-metadata');
    if (reason !== null) throw blockedAddressError(endpoint, reason);
  }
  const sdk = await import('@aws-sdk/client-s3');
  const agent = { lookup: guardedLookup('no-metadata'), keepAlive: true, maxSockets: 10 };
  const s3 = new sdk.S3Client({
    ...(access.region === null ? {} : { region: access.region }),
    forcePathStyle: access.forcePathStyle,
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === null ? {} : { endpoint }),
    ...(accessKeyId === null || secretAccessKey === null
      ? {}
      : { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) } }),
  });
  return { s3, sdk, where: endpoint ?? 'AWS' };
}

interface Place {
  shown: string;
  where: string;
  signal: AbortSignal | undefined;
}

async function calling<T>(call: Promise<T>, place: Place): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    throw s3Error(thrown, place);
  }
}

function s3Error(thrown: unknown, { shown, where, signal }: Place): OutturnError {
  if (thrown instanceof PermanentError || thrown instanceof RetryableError) return thrown;
  if (signal?.aborted === true) return cancellation(signal, shown);
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const status = statusOf(error);
  const message = (what: string): string => `${shown} at ${where}: ${what}`;
  const details = { cause: error, facts: { status, name: error.name } };
  if (error.name === 'NoSuchBucket' || (status === 404 && error.name !== 'NoSuchKey'))
    return new PermanentError('source/not-found', message('there is no such bucket'), details);
  if (error.name === 'NoSuchKey')
    return new RetryableError('source/partial', message('the object went away after it was listed'), details);
  if (status === 412) return changed(shown);
  if (error.name === 'RequestTimeTooSkewed')
    return new PermanentError('source/unauthorised', message('the clocks are too far apart to accept a signature'), {
      ...details,
      hint: "Set this machine's clock by NTP.",
    });
  if (
    ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken'].includes(error.name) ||
    status === 401
  )
    return new PermanentError('source/unauthorised', message(`the credentials are refused (${error.name})`), {
      ...details,
      hint: 'Check s3.accessKeyId, secretAccessKey and sessionToken, and whether they have expired.',
    });
  if (status === 403)
    return new PermanentError('source/forbidden', message(`access is refused (${error.name})`), {
      ...details,
      hint: 'The policy must allow s3:ListBucket on the bucket and s3:GetObject on its objects.',
    });
  if (error.name === 'CredentialsProviderError')
    return new PermanentError('source/unauthorised', message('no credentials were found'), {
      ...details,
      hint: 'Write s3.accessKeyId and secretAccessKey, or give the process a role or AWS_… variables.',
    });
  if (/region is missing/i.test(error.message))
    return new PermanentError('config/invalid-value', message('the region is not known'), {
      ...details,
      hint: 'Write s3.region, or set AWS_REGION.',
    });
  if (status === 503 || status === 429)
    return new RetryableError('source/rate-limited', message(`${status} ${error.name}`), details);
  if (status === 301 || status === 400 || (status !== null && status < 500))
    return new PermanentError('source/bad-request', message(`the request is rejected (${status} ${error.name})`), {
      ...details,
      hint: 'Check s3.region and s3.endpoint: the bucket may be in another region.',
    });
  if (status !== null) return new RetryableError('source/server-error', message(`${status} ${error.name}`), details);
  return transportFailure(error, message);
}

function transportFailure(error: Error, message: (what: string) => string): OutturnError {
  if (error instanceof BlockedAddressError) return blockedAddressError(message(''), error.message);
  const code = codeOf(error);
  const hint = TLS_HINTS[code];
  if (hint !== undefined || code.startsWith('CERT_') || code === 'EPROTO')
    return new PermanentError('source/tls', message(`no trusted TLS connection (${code})`), {
      cause: error,
      hint: 'Trust the CA by NODE_EXTRA_CA_CERTS, and check s3.endpoint (https or http).',
    });
  if (error.name === 'TimeoutError')
    return new RetryableError('source/timeout', message('no answer in time'), { cause: error });
  return new RetryableError(
    'source/unreachable',
    message(NETWORK_REASONS[code] ?? `does not answer (${error.message})`),
    {
      cause: error,
      hint: 'Check s3.endpoint and the network.',
    },
  );
}

function statusOf(error: Error): number | null {
  const metadata: unknown = '$metadata' in error ? error.$metadata : null;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : null;
  return typeof status === 'number' ? status : null;
}
