import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';

describe('the addresses of servers in the environment', () => {
  it.each([
    ['REDIS_URL', 'http://x', 'must begin with redis:// or rediss://'],
    ['REDIS_URL', 'postgres://127.0.0.1/queue', 'must begin with redis:// or rediss://'],
    ['REDIS_URL', '/run/redis.sock', 'is no address'],
    ['DATABASE_URL', 'mysql://127.0.0.1/outturn', 'must begin with postgres:// or postgresql://'],
    ['DATABASE_URL', 'outturn', 'is no address'],
  ])('%s=%s is refused before anything is tried', (name, value, words) => {
    expect(() => readEnvironment({}, { [name]: value })).toThrow(
      expect.objectContaining({
        code: 'config/invalid-value',
        message: expect.stringContaining(`${name} ${words}`),
        hint: expect.stringContaining(`unset ${name}`),
      }),
    );
  });

  it.each([
    ['REDIS_URL', 'http://user:hush-hush@x'],
    ['DATABASE_URL', 'postgres://user:hush-hush@[x/outturn'],
  ])('a wrong %s is told without its password', (name, value) => {
    try {
      readEnvironment({}, { [name]: value });
      expect.unreachable();
    } catch (error) {
      expect(`${error} ${JSON.stringify(error)}`).not.toContain('hush-hush');
    }
  });

  it.each(['redis://127.0.0.1:6379/2', 'rediss://cache.example.com'])('REDIS_URL takes %s', (value) => {
    expect(readEnvironment({}, { REDIS_URL: value }).redis).toMatchObject({ kind: 'redis', url: value });
  });
  it.each([
    'postgres://outturn@db.example.com/outturn?sslmode=require',
    'postgresql:///outturn?host=%2Frun%2Fpostgresql',
  ])('DATABASE_URL takes %s', (value) => {
    expect(readEnvironment({}, { DATABASE_URL: value }).databaseUrl).toBe(value);
  });
  it('empty means unset', () => {
    expect(readEnvironment({}, { DATABASE_URL: '', REDIS_URL: '' })).toMatchObject({
      databaseUrl: null,
      redis: null,
    });
  });
});
