import { readFile, stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { pollUntil } from './poll.ts';
import { freePorts } from './ports.ts';
import { startProcess } from './process.ts';
import { temporaryDirectory } from './temporary.ts';

describe('programs that tests start', () => {
  it('are waited for until they are ready, and end when closed', async () => {
    const child = await startProcess({
      command: process.execPath,
      args: ['-e', 'console.log("listening"); setInterval(() => {}, 1000)'],
      ready: (output) => output.includes('listening'),
    });
    expect(child.exited()).toBe(false);
    await child.close();
    expect(child.exited()).toBe(true);
    expect(() => process.kill(child.pid, 0)).toThrow(/ESRCH/);
  });

  it('are killed when they ignore the request to end', async () => {
    const child = await startProcess({
      command: process.execPath,
      args: ['-e', 'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)'],
      ready: (output) => output.includes('up'),
    });
    await child.close(50);
    expect(child.exited()).toBe(true);
  });

  it('report what they wrote when they end before they are ready', async () => {
    await expect(
      startProcess({
        command: process.execPath,
        args: ['-e', 'console.error("bad flag --x"); process.exit(3)'],
        ready: () => false,
      }),
    ).rejects.toThrow(/ended with status 3\nbad flag --x/);
  });

  it('report a program that does not exist', async () => {
    await expect(startProcess({ command: '/no/such/program', ready: () => true })).rejects.toThrow(/ENOENT/);
  });
});

describe('small helpers', () => {
  it('give different ports', async () => {
    expect(new Set(await freePorts(8)).size).toBe(8);
  });

  it('remove a temporary directory with what is in it', async () => {
    const directory = await temporaryDirectory();
    expect((await stat(directory.path)).isDirectory()).toBe(true);
    await directory.remove();
    await expect(readFile(directory.path)).rejects.toThrow(/ENOENT/);
  });

  it('say what was waited for, and the last error', async () => {
    await expect(
      pollUntil(
        'the moon',
        () => {
          throw new Error('clouds');
        },
        { timeoutMs: 20, intervalMs: 5 },
      ),
    ).rejects.toThrow('not within 20 ms: the moon: clouds');
  });
});
