import { gzipSync } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asOutturnError, readText, type S3Access } from '#kit';
import { describeWith } from '../../test/harness/packages.ts';
import { type S3Server, startS3 } from '../../test/harness/servers/s3.ts';
import { globExpression } from './glob-pattern.ts';
import { createFileSource } from './index.ts';
import { createS3Source } from './s3-source.ts';

const failure = (work: Promise<unknown>) => work.then(() => expect.fail('an error was expected'), asOutturnError);

describeWith(['s3'], 'files in S3', () => {
  let server: S3Server;
  let bucket = '';
  let access: S3Access;
  let put: (key: string, body: Buffer | string) => Promise<void>;
  beforeAll(async () => {
    server = await startS3();
    bucket = await server.createBucket();
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    access = { endpoint, region, accessKeyId, secretAccessKey, sessionToken: null, forcePathStyle: true };
    const client = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    put = async (key, body) => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    };
    for (const n of [1, 2, 3, 4, 5]) await put(`hr/2026/seats-${n}.csv`, `day,seats\n2026-06-0${n},${n}\n`);
    await put('hr/2026/deep/seats-6.csv.gz', gzipSync('day,seats\n2026-06-06,6\n'));
    await put('hr/2026/notes é.txt', 'no table');
  });
  afterAll(() => server?.close());

  const keys = async (pattern: string, source = createFileSource({ baseDirectory: '.' })) =>
    (await source.list(`s3://${bucket}/${pattern}`, { s3: access })).map(({ path }) =>
      path.replace(`s3://${bucket}/`, ''),
    );
  const text = (key: string, changes: { version?: string; maxBytes?: number } = {}) =>
    readText(
      createFileSource({ baseDirectory: '.' }),
      { path: `s3://${bucket}/${key}`, version: changes.version },
      { s3: access, maxBytes: changes.maxBytes ?? 1_000_000 },
    );

  it('are listed to the last page, by name and by pattern', async () => {
    const paged = createS3Source({ pageKeys: 2 });
    expect(await keys('hr/2026/seats-*.csv', paged)).toEqual([1, 2, 3, 4, 5].map((n) => `hr/2026/seats-${n}.csv`));
    expect(await keys('hr/**/seats-*.{csv,csv.gz}', paged)).toHaveLength(6);
    expect(await keys('hr/2026/seats-[45].csv')).toEqual(['hr/2026/seats-4.csv', 'hr/2026/seats-5.csv']);
    expect(await keys('hr/2026/notes é.txt')).toEqual(['hr/2026/notes é.txt']);
    const [found] = await createS3Source().list(`s3://${bucket}/hr/2026/seats-1.csv`, { s3: access });
    expect(found).toMatchObject({ bytes: 23, version: expect.any(String) });
    expect(found?.modifiedAtMs).toBeGreaterThan(Date.parse('2020-01-01'));
  });

  it('are read as they are, gzip unpacked', async () => {
    expect(await text('hr/2026/seats-1.csv')).toBe('day,seats\n2026-06-01,1\n');
    expect(await text('hr/2026/deep/seats-6.csv.gz')).toBe('day,seats\n2026-06-06,6\n');
    expect(await failure(text('hr/2026/seats-1.csv', { maxBytes: 10 }))).toMatchObject({ code: 'source/too-large' });
  });

  it('that were replaced since they were listed are not read: the next try takes the new one', async () => {
    await put('changing.csv', 'a\n1\n');
    const [before] = await createS3Source().list(`s3://${bucket}/changing.csv`, { s3: access });
    await put('changing.csv', 'a\n2\n');
    const error = await failure(text('changing.csv', { version: before?.version ?? '' }));
    expect(error).toMatchObject({ code: 'source/partial', name: 'RetryableError' });
    expect(await text('changing.csv')).toBe('a\n2\n');
  });

  it('say what is wrong: nothing there, no bucket, a wrong secret, no server, a metadata address', async () => {
    const source = createS3Source();
    const list = (pattern: string, changes: Partial<S3Access> = {}) =>
      failure(source.list(pattern, { s3: { ...access, ...changes } }));
    expect(await list(`s3://${bucket}/none-*.csv`)).toMatchObject({ code: 'config/not-found' });
    expect(await list('s3://no-such-bucket-of-ours/x.csv')).toMatchObject({ code: 'source/not-found' });
    const refused = await list(`s3://${bucket}/x.csv`, { secretAccessKey: 'wrong-secret-value' });
    expect(['source/unauthorised', 'source/forbidden']).toContain(refused.code);
    expect(JSON.stringify([refused.message, refused.hint, String(refused.cause)])).not.toContain('wrong-secret-value');
    expect(await list(`s3://${bucket}/x.csv`, { endpoint: 'http://127.0.0.1:1' })).toMatchObject({
      code: 'source/unreachable',
    });
    expect(await list(`s3://${bucket}/x.csv`, { endpoint: 'http://169.254.169.254' })).toMatchObject({
      code: 'source/blocked-address',
    });
    expect(await list('s3://bucket-only')).toMatchObject({ code: 'config/invalid-value' });
  });

  it('are not asked for once it is cancelled', async () => {
    const controller = new AbortController();
    controller.abort();
    const error = await failure(
      createS3Source().list(`s3://${bucket}/hr/**`, { s3: access, signal: controller.signal }),
    );
    expect(error.code).toBe('queue/cancelled');
  });
});

describe('patterns of keys', () => {
  it.each([
    ['a/*.csv', ['a/x.csv'], ['a/b/x.csv', 'a/x.csv.gz', 'b/x.csv']],
    ['a/**/*.csv', ['a/x.csv', 'a/b/x.csv', 'a/b/c/x.csv'], ['x.csv']],
    ['a/**', ['a/x', 'a/b/c'], ['b/x']],
    ['x-?.[ct]sv', ['x-1.csv', 'x-2.tsv'], ['x-10.csv', 'x-/.csv']],
    ['x.{csv,tsv}', ['x.csv', 'x.tsv'], ['x.{csv,tsv}', 'xcsv']],
    ['p=1+(a).csv', ['p=1+(a).csv'], ['p=11a.csv']],
  ])('%s', (pattern, yes, no) => {
    const expression = globExpression(pattern);
    expect(yes.filter((key) => !expression.test(key))).toEqual([]);
    expect(no.filter((key) => expression.test(key))).toEqual([]);
  });
});
