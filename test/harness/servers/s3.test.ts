import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../packages.ts';
import { type S3Server, startS3 } from './s3.ts';

describeWith(['s3'], 'a real S3 service', () => {
  let s3: S3Server;
  let bucket = '';
  const clients: S3Client[] = [];
  beforeAll(async () => {
    s3 = await startS3();
    bucket = await s3.createBucket();
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await s3?.close();
    // It leaves nothing behind.
    await expect(fetch(s3.endpoint)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });

  const clientWith = (secretAccessKey: string): S3Client => {
    const client = new S3Client({
      endpoint: s3.endpoint,
      region: s3.region,
      forcePathStyle: true,
      credentials: { accessKeyId: s3.accessKeyId, secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    clients.push(client);
    return client;
  };

  it('keeps what was put', async () => {
    const client = clientWith(s3.secretAccessKey);
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'a', Body: Buffer.from('kept') }));
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'a' }));
    expect(await Body?.transformToString()).toBe('kept');
  });

  it('checks the signature', async () => {
    const sent = clientWith('wrong').send(new PutObjectCommand({ Bucket: bucket, Key: 'b', Body: Buffer.from('x') }));
    await expect(sent).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
    expect(await s3.stat(bucket, 'b')).toBeNull();
  });
});
