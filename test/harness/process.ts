import { type ChildProcess, spawn } from 'node:child_process';
import { pollUntil } from './poll.ts';

export interface RunningProcess {
  pid: number;
  /** What it has written so far, both streams, newest 64 KiB. */
  output(): string;
  exited(): boolean;
  /** SIGTERM, and SIGKILL when it is still there after `graceMs`. Harmless when it is gone. */
  close(graceMs?: number): Promise<void>;
  /** At once, as a crash would. */
  kill(): Promise<void>;
}

export interface StartOptions {
  command: string;
  args?: readonly string[];
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** Asked again and again; the process is ready when it answers true. It may throw meanwhile. */
  ready(output: string): Promise<boolean> | boolean;
  timeoutMs?: number;
}

const keptBytes = 64 * 1024;
const living = new Set<ChildProcess>();
// A test file that dies must not leave servers behind: this is the last thing that can still be done, and it is synchronous.
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Starts a program and waits until it is ready; what it wrote is part of the error when it is not. */
export async function startProcess(options: StartOptions): Promise<RunningProcess> {
  const { command, args = [], cwd, env, timeoutMs = 90_000 } = options;
  let written = '';
  const child = spawn(command, args, { cwd, env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  living.add(child);
  const keep = (chunk: Buffer): void => {
    written = (written + chunk.toString('utf8')).slice(-keptBytes);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let spawnError: Error | null = null;
  const gone = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      spawnError = error;
      if (child.pid === undefined) resolve();
    });
    child.once('exit', () => resolve());
  });
  void gone.then(() => living.delete(child));
  const exited = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

  const running: RunningProcess = {
    pid: child.pid ?? -1,
    output: () => written,
    exited,
    async close(graceMs = 5_000) {
      if (exited()) return;
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      child.kill('SIGTERM');
      await gone;
      clearTimeout(timer);
    },
    async kill() {
      if (exited()) return;
      child.kill('SIGKILL');
      await gone;
    },
  };
  try {
    await pollUntil(
      `${command} ready`,
      async () => {
        if (exited()) return 'exited' as const;
        return (await options.ready(written)) ? ('ready' as const) : null;
      },
      { timeoutMs },
    );
    if (exited()) await gone;
    if (exited()) throw spawnError ?? new Error(`${command} ended with status ${child.exitCode ?? child.signalCode}`);
    return running;
  } catch (error) {
    await running.kill();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${command} ${args.join(' ')}: ${reason}\n${written}`, { cause: error });
  }
}

/** A `ready` condition: the address answers with a 2xx status. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  return response.ok;
}
