import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineJob, type Logger } from '#kit';
import { backoffMs } from './attempt.ts';
import { openBackend, targetOf } from './backend.ts';
import { argumentsToRun, createIntentResolver, jobTable } from './intents.ts';

const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
};
const pull = defineJob({
  kind: 'pull',
  version: 3,
  queue: 'pull',
  args: z.strictObject({ connector: z.string(), range: z.array(z.number()).default([]) }),
  upgrade: {
    1: (args) => ({ connector: (args as { source: string }).source }),
    2: (args) => ({ ...(args as object), range: [1] }),
  },
  attempts: 3,
  backoff: { baseMs: 1000, capMs: 8000 },
  timeoutMs: 1000,
  dedupeKey: ({ connector }) => connector,
  run: async () => null,
});

describe('an intent', () => {
  const resolver = createIntentResolver([pull]);
  it('gets queue, version and key from its kind, and keeps its arguments as given', () => {
    expect(resolver.resolve({ kind: 'pull', args: { connector: 'sap' }, cause: 'test' })).toEqual({
      version: 3,
      queue: 'pull',
      args: { connector: 'sap' },
      dedupeKey: 'sap',
      priority: 'normal',
    });
  });
  it('has the priority of its kind', () => {
    const hasty = createIntentResolver([{ ...pull, priority: 'high' }]);
    expect(hasty.resolve({ kind: 'pull', args: { connector: 'sap' }, cause: 'test' }).priority).toBe('high');
  });
  it('may leave optional arguments undefined', () => {
    const args = { connector: 'sap', range: undefined };
    expect(resolver.resolve({ kind: 'pull', args, cause: 'test' }).args).toEqual({ connector: 'sap' });
  });
  it('with wrong arguments is refused by the path of each, without showing the values', () => {
    const args = { connector: 'sap', range: [1, 'sesame-4711'], extra: true };
    const attempt = () => resolver.resolve({ kind: 'pull', args, cause: 'test' });
    expect(attempt).toThrow(/range\[1\]: .*extra/);
    expect(attempt).not.toThrow(/sesame-4711/);
  });
  it('of an unknown kind is refused, naming the known ones', () => {
    expect(() => resolver.resolve({ kind: 'push', args: {}, cause: 'test' })).toThrow(
      expect.objectContaining({ code: 'queue/unknown-kind', hint: 'Known kinds: pull.' }),
    );
  });
  it('cannot have two handlers', () => {
    expect(() => jobTable([pull, pull])).toThrow(/Two jobs .* “pull”/);
  });
});

describe('arguments of an older version', () => {
  it('are upgraded step by step before they are checked', () => {
    expect(argumentsToRun(pull, 1, { source: 'sap' })).toEqual({ connector: 'sap', range: [1] });
    expect(argumentsToRun(pull, 3, { connector: 'sap' })).toEqual({ connector: 'sap', range: [] });
  });
  it('without a way to upgrade are a permanent fault', () => {
    expect(() => argumentsToRun({ ...pull, upgrade: {} }, 1, { source: 'sap' })).toThrow(
      expect.objectContaining({ name: 'PermanentError', code: 'queue/invalid-arguments' }),
    );
  });
});

describe('the delay before another attempt', () => {
  it('doubles up to its cap, half of it by chance', () => {
    const { backoff } = pull;
    expect([1, 2, 3, 4, 5, 50].map((made) => backoffMs(backoff, made, () => 0))).toEqual([
      500, 1000, 2000, 4000, 4000, 4000,
    ]);
    expect([1, 2, 3, 4, 5].map((made) => backoffMs(backoff, made, () => 1))).toEqual([1000, 2000, 4000, 8000, 8000]);
  });
});

describe('a queue that cannot be reached', () => {
  it.each(['redis', 'postgres'] as const)('is named by its host and port, without the password (%s)', async (kind) => {
    const port = await closedPort();
    const scheme = kind === 'redis' ? 'redis' : 'postgres';
    const failure = openBackend({ kind, url: `${scheme}://user:sesame-4711@127.0.0.1:${port}/0` }, quiet);
    await expect(failure).rejects.toMatchObject({
      code: 'queue/unavailable',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    await expect(failure).rejects.not.toThrow(/sesame/);
  });
  it('on a socket is named by its directory', () => {
    expect(targetOf('postgres:///outturn?host=/run/postgresql', 5432)).toBe('/run/postgresql');
    expect(targetOf('redis://cache', 6379)).toBe('cache:6379');
    expect(targetOf('nonsense', 6379)).toBe('the configured address');
  });
});

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 1;
}
