import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programOf } from '../packages.ts';
import { freePorts } from '../ports.ts';
import { answers, type RunningProcess, startProcess } from '../process.ts';
import { temporaryDirectory } from '../temporary.ts';

const run = promisify(execFile);

export interface S3Server {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Creates a bucket of a new name. */
  createBucket(): Promise<string>;
  /** What the server itself knows of an object, or null. */
  stat(bucket: string, key: string): Promise<{ bytes: number; md5: string; contentType: string } | null>;
  close(): Promise<void>;
}

const layers = ['account', 'container', 'object'] as const;
const device = 'disk';
const region = 'us-east-1';

/**
 * OpenStack Swift with its S3 interface on loopback: one device, one replica, nothing kept. It really checks signatures
 * (AWS Signature Version 4). Conditional writes, server-side encryption and aws-chunked bodies answer 501.
 */
export async function startS3(): Promise<S3Server> {
  const directory = await temporaryDirectory('s3');
  const started: RunningProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(started.map((each) => each.close()));
    await directory.remove();
  };
  try {
    const [proxyPort = 0, cachePort = 0, ...layerPorts] = await freePorts(2 + layers.length);
    await mkdir(join(directory.path, 'data', device), { recursive: true });
    const accessKeyId = 'outturn:tester';
    const secretAccessKey = 'of-this-test-only';
    const endpoint = `http://127.0.0.1:${proxyPort}`;
    const files = {
      ...Object.fromEntries(
        layers.map((layer, index) => [layer, layerConfiguration(layer, directory.path, layerPorts[index] ?? 0)]),
      ),
      proxy: proxyConfiguration(directory.path, proxyPort, cachePort, accessKeyId, secretAccessKey),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory.path, `${name}.conf`), text);
    const start = async (
      command: string,
      args: readonly string[],
      ready: () => Promise<boolean>,
    ): Promise<RunningProcess> => {
      const running = await startProcess({ command: programOf('s3', command), args, ready, timeoutMs: 60_000 });
      started.push(running);
      return running;
    };
    const serve = (name: string, port: number): Promise<RunningProcess> =>
      start(`swift-${name}-server`, [join(directory.path, `${name}.conf`), '--verbose'], () =>
        answers(`http://127.0.0.1:${port}/healthcheck`),
      );
    await buildRings(directory.path, layerPorts);
    // Every start is waited for, also after one has failed: what runs must be known to be ended.
    const starts = await Promise.allSettled([
      serve('proxy', proxyPort),
      ...layers.map((layer, index) => serve(layer, layerPorts[index] ?? 0)),
      start('memcached', ['-l', '127.0.0.1', '-p', String(cachePort), '-U', '0', '-u', userInfo().username], () =>
        accepts(cachePort),
      ),
    ]);
    for (const outcome of starts) if (outcome.status === 'rejected') throw outcome.reason;
    const { S3Client, CreateBucketCommand, HeadObjectCommand } = await import('@aws-sdk/client-s3');
    const client = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    return {
      endpoint,
      region,
      accessKeyId,
      secretAccessKey,
      async createBucket() {
        const bucket = `test-${randomUUID()}`;
        await client.send(new CreateBucketCommand({ Bucket: bucket }));
        return bucket;
      },
      async stat(bucket, key) {
        try {
          const facts = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
          return {
            bytes: facts.ContentLength ?? Number.NaN,
            md5: (facts.ETag ?? '').replaceAll('"', ''),
            contentType: facts.ContentType ?? '',
          };
        } catch (error) {
          if (error instanceof Error && error.name === 'NotFound') return null;
          throw error;
        }
      },
      async close() {
        client.destroy();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Four partitions, one replica each. `swift-ring-builder` does the same in nine starts of a slow program. */
const ringProgram = `
import sys
from swift.common.ring import RingBuilder
for layer in sys.argv[1:]:
    path, port = layer.rsplit(':', 1)
    builder = RingBuilder(2, 1, 0)
    address = dict(ip='127.0.0.1', port=int(port), replication_ip='127.0.0.1', replication_port=int(port))
    builder.add_dev(dict(region=1, zone=1, device='${device}', weight=1, meta='', **address))
    builder.rebalance()
    builder.get_ring().save(path)
`;

async function buildRings(directory: string, ports: readonly number[]): Promise<void> {
  const rings = layers.map((layer, index) => `${join(directory, `${layer}.ring.gz`)}:${ports[index]}`);
  // Debian's Python, whatever other one comes first on the PATH: Swift is installed for that one.
  await run('/usr/bin/python3', ['-c', ringProgram, ...rings]);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: 2_000 });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function common(directory: string, port: number): string[] {
  return [
    '[DEFAULT]',
    'bind_ip = 127.0.0.1',
    `bind_port = ${port}`,
    // In this one process: no worker outlives it.
    'workers = 0',
    `user = ${userInfo().username}`,
    `swift_dir = ${directory}`,
    'log_level = WARNING',
  ];
}

function layerConfiguration(layer: (typeof layers)[number], directory: string, port: number): string {
  return [
    ...common(directory, port),
    `devices = ${join(directory, 'data')}`,
    'mount_check = false',
    'disable_fallocate = true',
    'fallocate_reserve = 0',
    '[pipeline:main]',
    `pipeline = healthcheck ${layer}-server`,
    '[filter:healthcheck]',
    'use = egg:swift#healthcheck',
    `[app:${layer}-server]`,
    `use = egg:swift#${layer}`,
    '',
  ].join('\n');
}

function proxyConfiguration(
  directory: string,
  port: number,
  cachePort: number,
  accessKeyId: string,
  secretAccessKey: string,
): string {
  const pipeline = 'catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo'.split(
    ' ',
  );
  const settings: Record<string, string[]> = {
    cache: [`memcache_servers = 127.0.0.1:${cachePort}`],
    s3api: [`location = ${region}`],
    tempauth: [`user_${accessKeyId.replace(':', '_')} = ${secretAccessKey} .admin`],
  };
  return [
    ...common(directory, port),
    '[pipeline:main]',
    `pipeline = ${pipeline.join(' ')} proxy-server`,
    ...pipeline.flatMap((name) => [
      `[filter:${name}]`,
      `use = egg:swift#${name === 'cache' ? 'memcache' : name}`,
      ...(settings[name] ?? []),
    ]),
    '[app:proxy-server]',
    'use = egg:swift#proxy',
    'account_autocreate = true',
    '',
  ].join('\n');
}
