import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BackendSettings } from './fixture.ts';

export interface DoomedSettings {
  backend: BackendSettings;
  databaseUrl: string;
}

export interface DoomedWorker {
  /** Its standard output, line by line: `ready`, `started NAME`. */
  lines: AsyncIterable<string>;
  /** Null when a signal ended it. */
  exited: Promise<number | null>;
  kill(): void;
}

/** A worker process that holds the job which it takes for ever, until it is killed. */
export function spawnDoomed(backend: BackendSettings, databaseUrl: string): DoomedWorker {
  const script = fileURLToPath(new URL('doomed-worker.ts', import.meta.url));
  const settings: DoomedSettings = { backend, databaseUrl };
  const child = spawn(process.execPath, ['--conditions=outturn-source', script, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return {
    lines: createInterface({ input: child.stdout }),
    exited: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
    kill: () => child.kill('SIGKILL'),
  };
}
