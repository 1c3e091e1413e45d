import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PermanentError } from '#kit';
import { digestFacts, reportOrigin, roiOutputs } from '../../test/factories/digest.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../test/harness/temporary.ts';
import { createRenderer } from './index.ts';
import { createThreadPool, type ThreadPool, type ThreadPoolSettings } from './pool.ts';

/** What the threads of these tests do: each task is the name of one, or an array of words to wait on. */
const THREAD = `
const crossing = { hint: 'mend it', facts: { row: 3 }, retryAfterMs: undefined, stack: undefined };
export default async (task) => {
  if (task instanceof SharedArrayBuffer) {
    const words = new Int32Array(task);
    Atomics.store(words, 0, 1);
    // The thread is held here, as by a computation, until the one that asked lets it go.
    Atomics.wait(words, 1, 0);
    return { ok: true, value: 'let go' };
  }
  if (task === 'memory') {
    const held = [];
    for (;;) held.push(new Array(100_000).fill(Math.random()));
  }
  if (task === 'for ever') for (;;);
  if (task === 'exit') process.exit(3);
  if (task === 'refuse')
    return { ok: false, error: { type: 'permanent', code: 'value/bad-input', message: 'row 3 is odd', ...crossing } };
  return { ok: true, value: task };
};
`;

describe('threads', () => {
  let directory: TemporaryDirectory;
  let file: URL;
  const pools: ThreadPool[] = [];
  beforeAll(async () => {
    directory = await temporaryDirectory('threads');
    file = pathToFileURL(path.join(directory.path, 'thread.mjs'));
    await writeFile(file, THREAD);
  });
  afterEach(async () => {
    for (const pool of pools.splice(0)) await pool.close();
  });
  afterAll(() => directory.remove());

  function pool(settings: Partial<ThreadPoolSettings> = {}): ThreadPool {
    const made = createThreadPool({ file, threads: 1, memoryMb: 64, ...settings });
    pools.push(made);
    return made;
  }

  it('leave the event loop free: what a busy thread waits for happens here meanwhile', async () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const working = pool().run(words.buffer);
    while (Atomics.load(words, 0) === 0) await new Promise(setImmediate);
    // The thread is busy by now. Were it this one, nobody would be left to let it go.
    Atomics.store(words, 1, 1);
    Atomics.notify(words, 1);
    expect(await working).toBe('let go');
  });

  it('do one task each at a time, the others wait their turn', async () => {
    const one = pool();
    expect(await Promise.all([1, 2, 3].map((task) => one.run(task)))).toEqual([1, 2, 3]);
  });

  it('give errors back as they were thrown: class, code, message, hint and facts', async () => {
    const error = await pool()
      .run('refuse')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({
      code: 'value/bad-input',
      message: 'row 3 is odd',
      hint: 'mend it',
      facts: { row: 3 },
    });
  });

  it('that need too much memory end alone: the task fails with a code, the next one finds another thread', async () => {
    const one = pool();
    const [failed, next] = await Promise.allSettled([one.run('memory'), one.run('after')]);
    expect(failed).toMatchObject({
      reason: { code: 'render/out-of-memory', message: expect.stringContaining('64 MB'), hint: expect.any(String) },
    });
    expect(next).toEqual({ status: 'fulfilled', value: 'after' });
  });

  it('that exit take only their task along', async () => {
    const one = pool();
    const [failed, next] = await Promise.allSettled([one.run('exit'), one.run('after')]);
    expect(failed).toMatchObject({ reason: { code: 'queue/interrupted' } });
    expect(next).toEqual({ status: 'fulfilled', value: 'after' });
  });

  it('are ended when the job is aborted, whatever they do', async () => {
    const one = pool();
    const controller = new AbortController();
    const working = one.run('for ever', { signal: controller.signal });
    const reason = new PermanentError('queue/cancelled', 'The job was cancelled.');
    controller.abort(reason);
    await expect(working).rejects.toBe(reason);
    expect(await one.run('after')).toBe('after');
  });

  it('take no task of a job that was aborted before', async () => {
    const reason = new PermanentError('queue/cancelled', 'The job was cancelled.');
    await expect(pool().run('x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('are not waited for by a job that is aborted meanwhile', async () => {
    const one = pool();
    const words = new Int32Array(new SharedArrayBuffer(8));
    const working = one.run(words.buffer);
    const controller = new AbortController();
    const waiting = one.run('x', { signal: controller.signal });
    const reason = new PermanentError('queue/cancelled', 'The job was cancelled.');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    while (Atomics.load(words, 0) === 0) await new Promise(setImmediate);
    Atomics.store(words, 1, 1);
    Atomics.notify(words, 1);
    expect(await working).toBe('let go');
  });

  it('that cannot start fail their task at once, not when its time is over', async () => {
    const broken = pathToFileURL(path.join(directory.path, 'broken.mjs'));
    await writeFile(broken, "throw new Error('a library is missing');");
    const one = pool({ file: broken, timeoutMs: 5_000 });
    for (const task of ['first', 'second'])
      await expect(one.run(task)).rejects.toMatchObject({
        code: 'internal',
        message: 'A thread for rendering could not start.',
        cause: { message: 'a library is missing' },
      });
    await writeFile(broken, 'export default async (task) => ({ ok: true, value: task });');
    expect(await one.run('mended')).toBe('mended');
  });

  it('are ended when they take too long', async () => {
    const one = pool({ timeoutMs: 400 });
    await expect(one.run('for ever')).rejects.toMatchObject({ code: 'render/timeout' });
  });

  it('are ended by closing; a later task starts anew', async () => {
    const one = pool();
    const words = new Int32Array(new SharedArrayBuffer(8));
    const working = one.run(words.buffer).catch((thrown: unknown) => thrown);
    while (Atomics.load(words, 0) === 0) await new Promise(setImmediate);
    await one.close();
    expect(await working).toMatchObject({ code: 'queue/interrupted' });
    expect(await one.run('again')).toBe('again');
  });
});

describe('the renderer', () => {
  const renderers: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const renderer of renderers.splice(0)) await renderer.close();
  });

  it('gives bytes as buffers, though they come from a thread', async () => {
    const renderer = createRenderer({ threads: 1 });
    renderers.push(renderer);
    const facts = digestFacts();
    const mail = await renderer.mail(facts, { test: false });
    const slack = await renderer.slack(facts, { test: false });
    const report = await renderer.render({ facts, outputs: roiOutputs(), origin: reportOrigin }, 'html');
    for (const bytes of [mail.attachments[0]?.body, slack.chart?.png, report.body])
      expect(Buffer.isBuffer(bytes)).toBe(true);
    expect(slack.chart?.png.subarray(1, 4).toString()).toBe('PNG');
    expect(report.body.toString()).toContain('<!doctype html>');
  });

  it('a report that needs more memory than there is fails with a code; the process goes on', async () => {
    const renderer = createRenderer({ threads: 1, memoryMb: 24 });
    renderers.push(renderer);
    const flow = { date: '2026-01-31', benefit: '1.00', cost: '1.00' };
    const outputs = { ...roiOutputs(), cashFlows: Array.from({ length: 400_000 }, () => flow) };
    await expect(
      renderer.render({ facts: digestFacts(), outputs, origin: reportOrigin }, 'html'),
    ).rejects.toMatchObject({ code: 'render/out-of-memory' });
    const small = await renderer.render({ facts: digestFacts(), outputs: roiOutputs(), origin: reportOrigin }, 'csv');
    expect(small.format).toBe('csv');
  });
});
