import { describe, expect, it } from 'vitest';
import { RetryableError } from '#kit';
import { readSlots } from './check-cluster.ts';
import { redisFailure } from './failure.ts';
import { judgeRedis, parseInfo } from './judge.ts';
import { partsOf, redisTarget } from './settings.ts';

describe('a Redis', () => {
  const where = '10.0.0.7:6379';
  const info = (changes: string): ReadonlyMap<string, string> =>
    parseInfo(
      `# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n${changes}`,
    );
  it('that is new enough, never evicts and writes to disk is taken without a word', () => {
    expect(judgeRedis(info(''), where)).toEqual({ refusal: null, warnings: [] });
  });
  it.each([
    ['redis_version:6.0.16', 'too old'],
    ['redis_version:5.0.0', 'too old'],
    ['maxmemory_policy:allkeys-lru', 'evicts'],
  ])('with %s is refused, saying where and what to do', (line, text) => {
    const { refusal } = judgeRedis(info(line), where);
    expect(refusal?.code).toBe('queue/unavailable');
    expect(refusal?.message).toContain(text);
    expect(refusal?.message).toContain(where);
    expect(refusal?.hint).toBeTruthy();
  });
  it.each([
    ['aof_enabled:0', 'appendonly yes'],
    ['aof_last_write_status:err', 'cannot write its append-only file'],
    ['maxmemory:1000\r\nused_memory:900', 'uses 90 % of its maxmemory'],
  ])('with %s is taken with a warning that names it', (lines, text) => {
    const { refusal, warnings } = judgeRedis(info(lines), where);
    expect(refusal).toBeNull();
    expect(warnings).toEqual([expect.stringContaining(text)]);
    expect(warnings[0]).toContain(where);
  });
  it('whose memory is not limited, or far from full, gives no warning', () => {
    expect(judgeRedis(info('maxmemory:0\r\nused_memory:900'), where).warnings).toEqual([]);
    expect(judgeRedis(info('maxmemory:1000\r\nused_memory:100'), where).warnings).toEqual([]);
  });
});

describe('the address of a Redis', () => {
  it.each([
    ['redis://cache', { address: { host: 'cache', port: 6379 }, database: 0, tls: undefined }],
    ['redis://:p%40ss@cache:7000/2', { address: { host: 'cache', port: 7000 }, database: 2, password: 'p@ss' }],
    [
      'rediss://me:secret@[::1]:6380?db=3',
      { address: { host: '::1', port: 6380 }, database: 3, username: 'me', tls: {} },
    ],
  ])('%s is read', (url, parts) => {
    expect(partsOf({ kind: 'redis', url })).toMatchObject(parts);
  });
  it('takes user and password from beside it where it has none', () => {
    const beside = { username: 'queue', password: 'beside' };
    expect(partsOf({ kind: 'redis', url: 'redis://cache', ...beside })).toMatchObject(beside);
    expect(partsOf({ kind: 'redis', url: 'redis://:inside@cache', ...beside })).toMatchObject({ password: 'inside' });
  });
  it('is told without credentials', () => {
    expect(redisTarget({ kind: 'redis', url: 'redis://me:secret@[::1]:6380/3' })).toBe('[::1]:6380');
    const nodes = [1, 2, 3, 4, 5].map((number) => ({ host: `n${number}`, port: 7000 }));
    expect(redisTarget({ kind: 'redis-cluster', nodes, password: 'secret' })).toBe(
      'n1:7000, n2:7000, n3:7000 and 2 more',
    );
    expect(redisTarget({ kind: 'redis-sentinel', name: 'queue', sentinels: nodes.slice(0, 2) })).toBe(
      'queue (sentinels n1:7000, n2:7000)',
    );
  });
});

describe('the layout of a cluster', () => {
  it('counts nodes and slots; a node without a host is the one that was asked', () => {
    const layout = readSlots(
      [
        [0, 99, ['', 7001, 'a'], ['10.0.0.2', 7002, 'b']],
        [100, 199, ['10.0.0.3', 7003, 'c']],
        [300, 16383, [null, 7001, 'a'], ['10.0.0.2', 7002, 'b']],
      ],
      '10.0.0.1',
    );
    expect([...layout.masters.keys()]).toEqual(['10.0.0.1:7001', '10.0.0.3:7003']);
    expect(layout.masters.get('10.0.0.1:7001')?.replicas).toEqual(new Set(['10.0.0.2:7002']));
    expect(layout.masters.get('10.0.0.3:7003')?.replicas.size).toBe(0);
    expect(layout.nodes.size).toBe(3);
    expect(layout.slots).toBe(16384 - 100);
  });
});

describe('a failure to use Redis', () => {
  const failure = (message: string, code?: string) =>
    redisFailure('cache:6379', Object.assign(new Error(message), code === undefined ? {} : { code }));
  it.each([
    ['self-signed certificate in certificate chain', 'SELF_SIGNED_CERT_IN_CHAIN', 'not trusted', 'REDIS_TLS_CA'],
    ['Host: cache. is not cert', 'ERR_TLS_CERT_ALTNAME_INVALID', 'another name', 'REDIS_TLS_SERVER_NAME'],
    ['certificate has expired', 'CERT_HAS_EXPIRED', 'not valid now', 'clock'],
    ['wrong version number', 'ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak TLS', 'redis://'],
    ['tlsv13 alert certificate required', undefined, 'another certificate of the client', 'REDIS_TLS_CERT'],
    ['WRONGPASS invalid username-password pair', undefined, 'refused the user or the password', 'REDIS_PASSWORD'],
    ["NOPERM this user has no permissions to run the 'info' command", undefined, 'may not do', 'docs/redis.md'],
  ])('by "%s" is for a person to mend, with the way', (message, code, says, hint) => {
    expect(failure(message, code)).toMatchObject({
      name: 'PermanentError',
      message: expect.stringContaining(says),
      hint: expect.stringContaining(hint),
    });
  });
  it('to connect may pass, and the hint of a hang-up names TLS', () => {
    expect(failure('connect ECONNREFUSED')).toBeInstanceOf(RetryableError);
    expect(failure('read ECONNRESET').hint).toContain('rediss://');
    expect(redisFailure('cache:6379', new Error('connect ETIMEDOUT'), { isEncrypted: true }).hint).toContain(
      'redis://',
    );
  });
});
