import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedactor } from '#kit';
import { type TemporaryDirectory, temporaryDirectory } from '../../test/harness/temporary.ts';
import { readRedis, redisLabel } from './redis-environment.ts';

const read = (variables: Record<string, string>) => readRedis(variables, createRedactor());
let directory: TemporaryDirectory;
beforeAll(async () => {
  directory = await temporaryDirectory('redis-environment');
  await writeFile(join(directory.path, 'ca.pem'), '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');
  await writeFile(join(directory.path, 'empty.pem'), '');
});
afterAll(() => directory.remove());

describe('the variables that lead to Redis', () => {
  it('name none, and the queue lies in PostgreSQL; empty means unset', () => {
    expect(read({})).toBeNull();
    expect(read({ REDIS_URL: '', REDIS_CLUSTER: '', REDIS_PASSWORD: 'alone' })).toBeNull();
  });

  it('name nodes of a cluster, by name, IPv4 or IPv6, with or without port', () => {
    expect(read({ REDIS_CLUSTER: 'one:7001, 10.0.0.2:7002,[::1]:7003,four,', REDIS_PASSWORD: 'hush' })).toMatchObject({
      kind: 'redis-cluster',
      nodes: [
        { host: 'one', port: 7001 },
        { host: '10.0.0.2', port: 7002 },
        { host: '::1', port: 7003 },
        { host: 'four', port: 6379 },
      ],
      password: 'hush',
    });
  });

  it('give user, password and TLS of a cluster in front of its nodes', () => {
    const settings = read({ REDIS_CLUSTER: 'rediss://queue:p%40ss@one:1,two:2', REDIS_PASSWORD: 'other' });
    expect(settings).toMatchObject({ username: 'queue', password: 'p@ss', tls: { isUnverified: false } });
    expect(read({ REDIS_CLUSTER: 'redis://one:1' })?.tls).toBeUndefined();
  });

  it('name sentinels, their master and both passwords', () => {
    expect(
      read({
        REDIS_SENTINELS: 'one,two:26380/3',
        REDIS_SENTINEL_NAME: 'mymaster',
        REDIS_USERNAME: 'queue',
        REDIS_PASSWORD: 'data',
        REDIS_SENTINEL_PASSWORD: 'watch',
      }),
    ).toMatchObject({
      kind: 'redis-sentinel',
      sentinels: [
        { host: 'one', port: 26379 },
        { host: 'two', port: 26380 },
      ],
      name: 'mymaster',
      database: 3,
      username: 'queue',
      password: 'data',
      sentinelPassword: 'watch',
    });
  });

  it('name the authority, whose certificate is read at once', () => {
    const REDIS_TLS_CA = join(directory.path, 'ca.pem');
    expect(read({ REDIS_URL: 'rediss://cache', REDIS_TLS_CA, REDIS_TLS_INSECURE: 'no' })?.tls).toMatchObject({
      ca: expect.stringContaining('BEGIN CERTIFICATE'),
      isUnverified: false,
    });
    expect(read({ REDIS_URL: 'rediss://cache', REDIS_TLS_INSECURE: 'yes' })?.tls).toMatchObject({ isUnverified: true });
  });

  it.each([
    [{}, 'PostgreSQL'],
    [{ REDIS_URL: 'redis://a' }, 'Redis'],
    [{ REDIS_SENTINELS: 'a', REDIS_SENTINEL_NAME: 'm' }, 'Redis with sentinels'],
    [{ REDIS_CLUSTER: 'a,b,c' }, 'Redis Cluster'],
  ])('%j means a queue in %s', (variables, words) => {
    expect(redisLabel(read(variables as Record<string, string>))).toBe(words);
  });

  const refused: [string, Record<string, string>, string][] = [
    [
      'two places at once',
      { REDIS_URL: 'redis://a', REDIS_CLUSTER: 'b:1' },
      'REDIS_URL and REDIS_CLUSTER are both set',
    ],
    ['a list without a host', { REDIS_CLUSTER: ',' }, 'REDIS_CLUSTER has no host:port in place 1 of 1'],
    ['a hole in the list', { REDIS_CLUSTER: 'a:1,,b:2' }, 'no host:port in place 2 of 3'],
    ['a port that there is not', { REDIS_CLUSTER: 'a:1,b:70000' }, 'no host:port in place 2 of 2'],
    ['several hosts in one address', { REDIS_URL: 'redis://a:1,b:2' }, 'REDIS_URL names one server'],
    ['a lone % in the password', { REDIS_URL: 'redis://:100%@a' }, 'REDIS_URL has a % that no code follows'],
    ['words for a port', { REDIS_SENTINELS: 'a:b', REDIS_SENTINEL_NAME: 'm' }, 'no host:port in place 1 of 1'],
    ['an IPv6 address without brackets', { REDIS_CLUSTER: '::1:7000' }, 'no host:port in place 1 of 1'],
    ['another scheme', { REDIS_CLUSTER: 'http://a:1' }, 'REDIS_CLUSTER must begin with redis:// or rediss://'],
    ['a database of a cluster', { REDIS_CLUSTER: 'a:1/2' }, 'a cluster has database 0 alone'],
    ['a database of words', { REDIS_URL: 'redis://a/queue' }, 'REDIS_URL ends in something that is no number'],
    ['sentinels of nothing', { REDIS_SENTINELS: 'a:1' }, 'REDIS_SENTINEL_NAME is not'],
    ['a name without sentinels', { REDIS_SENTINEL_NAME: 'm' }, 'REDIS_SENTINELS is not'],
    [
      'a password whose owner is unclear',
      { REDIS_SENTINELS: ':hush@a:1', REDIS_SENTINEL_NAME: 'm' },
      'REDIS_SENTINELS takes no user and no password',
    ],
    ['an authority without TLS', { REDIS_URL: 'redis://a', REDIS_TLS_CA: 'x.pem' }, 'REDIS_URL does not ask for TLS'],
    ['a certificate without its key', { REDIS_URL: 'rediss://a', REDIS_TLS_CERT: 'x.pem' }, 'belong together'],
    [
      'a word that is neither yes nor no',
      { REDIS_URL: 'rediss://a', REDIS_TLS_INSECURE: 'perhaps' },
      'neither yes nor no',
    ],
  ];
  it.each(refused)('are refused with %s', (_what, variables, words) => {
    expect(() => read(variables)).toThrow(
      expect.objectContaining({
        code: 'config/invalid-value',
        message: expect.stringContaining(words),
        hint: expect.stringMatching(/./),
      }),
    );
  });

  it('are refused with a file that cannot be read or holds no certificate', () => {
    const withCa = (file: string) => () => read({ REDIS_URL: 'rediss://a', REDIS_TLS_CA: join(directory.path, file) });
    expect(withCa('none.pem')).toThrow(expect.objectContaining({ code: 'config/unreadable-file' }));
    expect(withCa('empty.pem')).toThrow(/REDIS_TLS_CA: .*empty\.pem holds no PEM text/);
  });

  it.each([
    { REDIS_CLUSTER: 'redis://user:hush-hush@a:1,b:x' },
    { REDIS_CLUSTER: 'redis://user:hush-hush@' },
    { REDIS_CLUSTER: 'a:1,user:hush-hush@b:2:3' },
    { REDIS_CLUSTER: 'hush-hush:hush-hush:a' },
    { REDIS_SENTINELS: ':hush-hush@a:1', REDIS_SENTINEL_NAME: 'm' },
    { REDIS_URL: 'redis://:hush-hush@a/words' },
    { REDIS_URL: 'redis://a', REDIS_CLUSTER: 'b', REDIS_PASSWORD: 'hush-hush' },
  ])('never show a password when they are refused (%#)', (variables) => {
    try {
      read(variables as Record<string, string>);
      expect.unreachable();
    } catch (error) {
      expect(`${error} ${JSON.stringify(error)}`).not.toContain('hush-hush');
    }
  });

  it('make every password known to what masks logs', () => {
    const redactor = createRedactor();
    readRedis(
      { REDIS_CLUSTER: 'redis://:in%40side@a:1', REDIS_PASSWORD: 'be-side', REDIS_SENTINEL_PASSWORD: 'watch-it' },
      redactor,
    );
    expect(redactor.text('in@side in%40side be-side watch-it')).toBe('[redacted] [redacted] [redacted] [redacted]');
  });
});
