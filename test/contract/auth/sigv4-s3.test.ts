import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asOutturnError, createRedactor, type HttpRequest } from '#kit';
import { createFetchFactory, createLocalBudgets } from '#src/fetch/index';
import { httpSettings } from '../../factories/connector.ts';
import { type S3Server, startS3 } from '../../harness/servers/s3.ts';
import { silentLog } from '../../harness/silent-log.ts';

let server: S3Server;
let bucket = '';
beforeAll(async () => {
  server = await startS3();
  bucket = await server.createBucket();
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'a b/ü+(1).json', Body: '{"ok":true}' }));
  client.destroy();
});
afterAll(() => server.close());

const clock = { nowMs: () => Date.now() };
function ask(request: HttpRequest, changes: { secretAccessKey?: string; nowMs?: () => number } = {}) {
  const { accessKeyId, region, endpoint } = server;
  const factory = createFetchFactory({
    redactor: createRedactor(),
    log: silentLog,
    clock: { nowMs: changes.nowMs ?? clock.nowMs },
    budgets: createLocalBudgets(clock),
  });
  const http = httpSettings({
    url: `${endpoint}/${bucket}`,
    auth: {
      kind: 'sigv4',
      accessKeyId,
      secretAccessKey: changes.secretAccessKey ?? server.secretAccessKey,
      sessionToken: null,
      region,
      service: 's3',
    },
  });
  return factory
    .client({ id: 'store', kind: 'http', http, options: {}, streams: [] }, new AbortController().signal)
    .request({ expect: 'text', ...request })
    .then((response) => response.body, asOutturnError);
}

it('a server that checks signatures accepts path and query whatever signs stand in them', async () => {
  expect(await ask({ url: 'a%20b/%C3%BC%2B%281%29.json' })).toBe('{"ok":true}');
  const listed = await ask({ url: '', query: { 'list-type': 2, prefix: 'a b/ü+(', 'max-keys': 10 } });
  expect(listed).toContain('<KeyCount>1</KeyCount>');
});

it('a wrong secret is said to be one', async () => {
  const error = await ask({ url: '', query: { 'list-type': 2 } }, { secretAccessKey: 'another-secret' });
  expect(error).toMatchObject({
    code: 'source/unauthorised',
    message: expect.stringContaining('403'),
    hint: expect.stringContaining('secretAccessKey'),
  });
  expect(JSON.stringify(error)).not.toMatch(/Signature=[0-9a-f]{64}/);
});

it('a clock that is wrong is said to be one', async () => {
  const error = await ask({ url: '' }, { nowMs: () => Date.now() - 3_600_000 });
  expect(error).toMatchObject({ code: 'source/unauthorised', hint: expect.stringContaining('1h behind') });
});
