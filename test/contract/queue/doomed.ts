import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BackendSettings } from './fixture.ts';

export interface DoomedSettings {
  backend: BackendSettings;
  databaseUrl: string;
  /** Ends by itself when nothing is open any more. */
  quits: boolean;
}

export interface DoomedWorker {
  /** Its standard output, line by line: `ready`, `started NAME`. */
  lines: AsyncIterable<string>;
  /** Null when a signal ended it. */
  exited: Promise<number | null>;
  kill(): void;
}

/** A worker process that the jobs named `exit` and `memory` kill, and which the one named `orphan` keeps for ever. */
export function spawnDoomed(backend: BackendSettings, databaseUrl: string, { quits = false } = {}): DoomedWorker {
  const script = fileURLToPath(new URL('doomed-worker.ts', import.meta.url));
  const settings: DoomedSettings = { backend, databaseUrl, quits };
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=96', '--conditions=outturn-source', script, JSON.stringify(settings)],
    // The engine prints a page about the memory that it lacks.
    { stdio: ['ignore', 'pipe', quits ? 'ignore' : 'inherit'] },
  );
  return {
    lines: createInterface({ input: child.stdout }),
    exited: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
    kill: () => child.kill('SIGKILL'),
  };
}
