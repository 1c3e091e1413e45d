import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runHosted } from './hosted-cli.ts';
import { type RunningProcess, startProcess } from './process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const command = (args: readonly string[]): string[] => [
  '--conditions=outturn-source',
  `${root}src/cli/outturn.ts`,
  ...args,
];

export interface CliResult {
  status: number | null;
  stdout: string;
  stderr: string;
  /** Standard output as JSON. */
  json<T = unknown>(): T;
}

export interface CliOptions {
  env?: Record<string, string | undefined>;
  cwd?: string;
  input?: string;
  /** Closes standard output after so many bytes, as `| head` does. */
  readBytes?: number;
}

/** Only what a fresh shell has: nothing of this run's own settings leaks into the command. */
function environment(extra: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LANG, NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME, TMPDIR, LANG, NODE_COMPILE_CACHE, NO_COLOR: '1', ...extra };
}

const resultOf = (outcome: { status: number | null; stdout: string; stderr: string }): CliResult => ({
  ...outcome,
  json: <T>() => {
    try {
      return JSON.parse(outcome.stdout) as T;
    } catch {
      throw new Error(`not JSON on standard output (status ${outcome.status}):\n${outcome.stdout}\n${outcome.stderr}`);
    }
  },
});

/**
 * Runs `outturn …` from source to its end, in a process that has run others before: a third of the time. Not for what is
 * about the process itself (that it ends, signals, pipes) or about secrets, which a process knows once it has read them.
 */
export async function outturn(
  args: readonly string[],
  { env, cwd = root, input = '' }: Omit<CliOptions, 'readBytes'> = {},
): Promise<CliResult> {
  const variables = Object.entries(environment(env)).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return resultOf(await runHosted({ args, env: Object.fromEntries(variables) as Record<string, string>, cwd, input }));
}

/** Runs `outturn …` as a user would, from source, in a process of its own, and waits for its end. */
export function outturnProcess(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command(args), { cwd: options.cwd ?? root, env: environment(options.env) });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      if (stdout.length >= (options.readBytes ?? Number.POSITIVE_INFINITY)) child.stdout.destroy();
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve(resultOf({ status, stdout, stderr })));
    child.stdin.end(options.input ?? '');
  });
}

/** Starts a command that stays, such as `outturn up`, and waits until `ready` holds. */
export const startOutturn = (
  args: readonly string[],
  options: CliOptions & { ready: (output: string) => Promise<boolean> | boolean },
): Promise<RunningProcess> =>
  startProcess({
    command: process.execPath,
    args: command(args),
    cwd: options.cwd ?? root,
    env: environment(options.env),
    ready: options.ready,
    timeoutMs: 60_000,
  });
