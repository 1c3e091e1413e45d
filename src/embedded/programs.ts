import { spawn } from 'node:child_process';
import type { ServerUser } from './os-user.ts';

/** Nothing of the caller's PG… variables may redirect the programs; messages are matched, so they are in English. */
export function programEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_'));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' };
}

/** Runs one of PostgreSQL's programs to its end, as the server's account. `output` is standard output and error together. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { user: ServerUser | null; directory: string; input?: string },
): Promise<{ code: number | null; output: string }> {
  return await new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      // The caller's own folder may be closed to the server's account.
      cwd: options.directory,
      env: programEnvironment(),
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.user === null ? {} : { uid: options.user.uid, gid: options.user.gid }),
    });
    let output = '';
    const append = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', append);
    child.stderr.on('data', append);
    child.stdin.on('error', () => undefined);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
    child.stdin.end(options.input ?? '');
  });
}
