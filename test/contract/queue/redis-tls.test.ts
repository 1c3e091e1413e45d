import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../../harness/servers/certificates.ts';
import { type RedisServer, startRedis } from '../../harness/servers/redis.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../harness/temporary.ts';
import { type BackendSettings, openWorld, type QueueServer } from './fixture.ts';

type Tls = NonNullable<Extract<BackendSettings, { kind: 'redis' }>['tls']>;
const PASSWORD = 'hush-over-tls';

let directory: TemporaryDirectory;
let own: Certificates;
let foreign: Certificates;
let redis: RedisServer;
let strict: RedisServer;
beforeAll(async () => {
  directory = await temporaryDirectory('redis-tls');
  own = await makeCertificates(directory.path, 'own');
  foreign = await makeCertificates(directory.path, 'foreign');
  redis = await startRedis({ tls: own, password: PASSWORD });
  strict = await startRedis({
    tls: own,
    args: ['--tls-auth-clients', 'yes'],
    cli: ['--cert', own.certFile, '--key', own.keyFile],
  });
});
afterAll(async () => {
  await redis.close();
  await strict.close();
  await directory.remove();
});

const pem = (file: string): Promise<string> => readFile(file, 'utf8');
const serverAt = (url: string, tls: Tls | undefined, password: string | undefined = PASSWORD): QueueServer => ({
  name: 'redis',
  backend: () => ({ kind: 'redis', url, password, tls }),
  wipe: async () => undefined,
  interrupt: async () => undefined,
  dump: async () => '',
});

async function runsOneJob(server: QueueServer): Promise<readonly string[]> {
  const world = await openWorld(server, async () => null);
  try {
    const runtime = await world.runtime();
    await world.enqueue('plain', { name: 'encrypted' });
    await runtime.idle({ timeoutMs: 30_000 });
    expect(world.names()).toEqual(['encrypted']);
    return (await runtime.health()).warnings;
  } finally {
    await world.close();
  }
}

async function isRefused(server: QueueServer, message: string, hint: string): Promise<void> {
  const world = await openWorld(server, async () => null);
  try {
    const refusal = world.runtime();
    await expect(refusal).rejects.toMatchObject({
      code: 'queue/unavailable',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
    await expect(refusal).rejects.not.toThrow(PASSWORD);
  } finally {
    await world.close();
  }
}

describe('a Redis with TLS', () => {
  it('whose authority is named carries jobs', async () => {
    expect(await runsOneJob(serverAt(redis.url, { ca: await pem(own.caFile) }))).toEqual([]);
  });

  it('is refused in words when its authority is not the one that is named', async () => {
    const tls = { ca: await pem(foreign.caFile) };
    await isRefused(serverAt(redis.url, tls), 'is signed by an authority that is not trusted', 'REDIS_TLS_CA');
    await isRefused(serverAt(redis.url, {}), 'is signed by an authority that is not trusted', 'REDIS_TLS_CA');
  });

  it('is refused when its certificate is for another name, and taken when that name is given', async () => {
    const ca = await pem(own.caFile);
    await isRefused(
      serverAt(redis.url, { ca, serverName: 'other.example' }),
      'for another name',
      'REDIS_TLS_SERVER_NAME',
    );
    await runsOneJob(serverAt(redis.url, { ca, serverName: 'localhost' }));
  });

  it('is taken unverified when that is asked for, with a warning', async () => {
    expect(await runsOneJob(serverAt(redis.url, { isUnverified: true }))).toEqual([
      expect.stringContaining('not verified'),
    ]);
  });

  it('that wants a certificate of the client gets it, and else the refusal says so', async () => {
    const ca = await pem(own.caFile);
    await isRefused(serverAt(strict.url, { ca }), 'wants another certificate of the client', 'REDIS_TLS_CERT');
    const [cert, key] = [await pem(own.certFile), await pem(own.keyFile)];
    await runsOneJob(serverAt(strict.url, { ca, cert, key }, undefined));
  });

  it('and one without are told apart', async () => {
    const plain = await startRedis();
    try {
      await isRefused(serverAt(plain.url.replace('redis:', 'rediss:'), {}), 'cannot be used', 'A Redis without TLS');
      await isRefused(serverAt(redis.url.replace('rediss:', 'redis:'), undefined), 'cannot be used', 'rediss://');
    } finally {
      await plain.close();
    }
  });

  it('of which the password is wrong is refused, and no message shows it', async () => {
    const tls = { ca: await pem(own.caFile) };
    await isRefused(serverAt(redis.url, tls, `not ${PASSWORD}`), 'refused the user or the password', 'REDIS_PASSWORD');
  });
});
