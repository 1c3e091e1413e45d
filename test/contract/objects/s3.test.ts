import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Settings } from '#kit';
import { openObjectStore } from '#src/objects/index';
import { describeWith } from '../../harness/packages.ts';
import { freePort } from '../../harness/ports.ts';
import { type S3Server, startS3 } from '../../harness/servers/s3.ts';
import { objectStoreContract } from './contract.ts';

describeWith(['s3'], 'objects in S3', () => {
  let s3: S3Server;
  let bucket = '';
  beforeAll(async () => {
    s3 = await startS3();
    bucket = await s3.createBucket();
  });
  afterAll(() => s3?.close());

  const open = (changes: Partial<Extract<Settings['objects'], { kind: 's3' }>> = {}) =>
    openObjectStore({
      kind: 's3',
      endpoint: s3.endpoint,
      region: s3.region,
      bucket,
      prefix: '',
      accessKeyId: s3.accessKeyId,
      secretAccessKey: s3.secretAccessKey,
      forcePathStyle: true,
      ...changes,
    });

  objectStoreContract('S3', async () => open());
  objectStoreContract('S3 below a prefix', async () => open({ prefix: '/prod/outturn/' }));

  describe('the S3 store', () => {
    it('stores the bytes themselves, not their transfer encoding', async () => {
      const body = Buffer.alloc(6 * 1024 * 1024, 'a report of many lines\r\n');
      await open({ prefix: 'prod/' }).put('reports/large.html', body, 'text/html; charset=utf-8');
      expect(await s3.stat(bucket, 'prod/reports/large.html')).toEqual({
        bytes: body.length,
        md5: createHash('md5').update(body).digest('hex'),
        contentType: 'text/html; charset=utf-8',
      });
    });

    it('names the object by bucket and prefix', async () => {
      const stored = await open({ prefix: 'prod/' }).put('a', Buffer.from('x'), 'text/plain');
      expect(stored.location).toBe(`s3://${bucket}/prod/a`);
    });

    it.each(['check', 'put', 'get', 'delete'] as const)(
      'a wrong secret is refused on %s, and said so',
      async (call) => {
        const secretAccessKey = 'quite-another-secret';
        const store = open({ secretAccessKey });
        const failed = await calling(store, call);
        expect(failed).toMatchObject({
          name: 'PermanentError',
          code: 'object/unavailable',
          message: expect.stringMatching(/^s3:\/\/.* at http:\/\/127\.0\.0\.1:\d+ refuses access/),
          hint: expect.stringContaining('secretAccessKey'),
        });
        expect(`${failed.message} ${failed.hint}`).not.toContain(secretAccessKey);
      },
    );

    it.each(['check', 'put', 'get', 'delete'] as const)('a bucket that is not there is named on %s', async (call) => {
      expect(await calling(open({ bucket: 'no-such-bucket' }), call)).toMatchObject({
        name: 'PermanentError',
        code: 'object/unavailable',
        message: expect.stringContaining('There is no bucket: s3://no-such-bucket'),
        hint: expect.stringContaining('settings.objects.bucket'),
      });
    });

    it.each(['check', 'put', 'get', 'delete'] as const)(
      'an endpoint that does not answer is tried later on %s',
      async (call) => {
        const endpoint = `http://127.0.0.1:${await freePort()}`;
        expect(await calling(open({ endpoint }), call)).toMatchObject({
          name: 'RetryableError',
          code: 'object/unavailable',
          message: expect.stringMatching(/127\.0\.0\.1:\d+ does not answer \(.*ECONNREFUSED/),
          hint: expect.stringContaining('settings.objects.endpoint'),
        });
      },
    );
  });
});

const calling = async (store: ReturnType<typeof openObjectStore>, call: 'check' | 'put' | 'get' | 'delete') =>
  (call === 'check'
    ? store.check()
    : call === 'put'
      ? store.put('a', Buffer.from('x'), 'text/plain')
      : call === 'get'
        ? store.get('a')
        : store.delete('a')
  ).then(
    () => expect.unreachable(`${call} should have failed`),
    (error: Error & { code: string; hint?: string }) => error,
  );
