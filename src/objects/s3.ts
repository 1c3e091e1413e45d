import type { S3Client } from '@aws-sdk/client-s3';
import { type ObjectStore, PermanentError, RetryableError, type Settings } from '#kit';
import { checkKey, sha256Of } from './key.ts';

export type S3Settings = Extract<Settings['objects'], { kind: 's3' }>;

const ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 60_000;

/** Objects in a bucket below `prefix`. Bodies are buffers with a known length: look-alikes store streams corruptly. */
export function openS3Store(settings: S3Settings): ObjectStore {
  const { bucket, prefix } = settings;
  const where = `s3://${bucket}${settings.endpoint === null ? '' : ` at ${settings.endpoint}`}`;
  const base = prefix.replace(/^\/+|\/+$/g, '');
  const keyOf = (key: string) => (base === '' ? checkKey(key) : `${base}/${checkKey(key)}`);
  const client = lazily(() => connect(settings));

  return {
    async put(key, body, contentType) {
      const { s3, client: sdk } = await client();
      const Key = keyOf(key);
      await calling(() =>
        s3.send(
          new sdk.PutObjectCommand({
            Bucket: bucket,
            Key,
            Body: body,
            ContentLength: body.length,
            ContentType: contentType,
          }),
        ),
      );
      return { key, location: `s3://${bucket}/${Key}`, bytes: body.length, sha256: sha256Of(body) };
    },

    async get(key) {
      const { s3, client: sdk } = await client();
      const Key = keyOf(key);
      const answer = await calling(() => s3.send(new sdk.GetObjectCommand({ Bucket: bucket, Key })), key);
      if (answer.Body === undefined) throw new RetryableError('object/unavailable', `${where} sent no body for ${key}`);
      const stream = answer.Body;
      return Buffer.from(await calling(() => stream.transformToByteArray(), key));
    },

    async delete(key) {
      const { s3, client: sdk } = await client();
      const Key = keyOf(key);
      await calling(() => s3.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key })));
    },

    async check() {
      const { s3, client: sdk } = await client();
      await calling(() => s3.send(new sdk.HeadBucketCommand({ Bucket: bucket })));
    },
  };

  async function calling<T>(call: () => Promise<T>, key?: string): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw s3Error(error, where, key);
    }
  }
}

/** The SDK takes long to load: only those who keep objects in S3 pay for it. */
async function connect(settings: S3Settings) {
  const client = await import('@aws-sdk/client-s3');
  const { accessKeyId, secretAccessKey, endpoint } = settings;
  const s3: S3Client = new client.S3Client({
    region: settings.region,
    forcePathStyle: settings.forcePathStyle,
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    // The default sends aws-chunked bodies, which several S3-compatible services store as they are or refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === null ? {} : { endpoint }),
    ...(accessKeyId === null || secretAccessKey === null ? {} : { credentials: { accessKeyId, secretAccessKey } }),
  });
  return { s3, client };
}

function s3Error(error: unknown, where: string, key: string | undefined): Error {
  const { name, status } = describe(error);
  if (key !== undefined && (name === 'NoSuchKey' || name === 'NotFound'))
    return new PermanentError('object/not-found', `No object ${key} in ${where}`, { cause: error });
  if (name === 'NoSuchBucket' || status === 404)
    return new PermanentError('object/unavailable', `There is no bucket: ${where}`, {
      hint: 'Create the bucket, or correct settings.objects.bucket.',
      cause: error,
    });
  if (status === 401 || status === 403)
    return new PermanentError('object/unavailable', `${where} refuses access (${name})`, {
      hint: 'Check settings.objects.accessKeyId and secretAccessKey, the bucket policy and this machine’s clock.',
      cause: error,
    });
  if (status !== null && status >= 400 && status < 500 && status !== 408 && status !== 429)
    return new PermanentError('object/unavailable', `${where} rejects the request (${status} ${name})`, {
      cause: error,
    });
  if (status === null)
    return new RetryableError('object/unavailable', `${where} does not answer (${name})`, {
      hint: 'Check settings.objects.endpoint, the network, and whether the store is up.',
      cause: error,
    });
  return new RetryableError('object/unavailable', `${where} fails (${status} ${name})`, { cause: error });
}

function describe(error: unknown): { name: string; status: number | null } {
  if (!(error instanceof Error)) return { name: 'error', status: null };
  const metadata: unknown = '$metadata' in error ? error.$metadata : null;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : null;
  // What never reached a server has a code of the network (ECONNREFUSED), and a name that says nothing.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return typeof status === 'number' ? { name: error.name, status } : { name: code ?? error.name, status: null };
}

function lazily<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
}
