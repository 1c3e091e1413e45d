import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the run's PostgreSQL server, with a migrated template database; see database.ts. */
    testServerUrl: string;
  }
}

/**
 * One embedded PostgreSQL for the whole run. It is held by a process of its own, because vitest loads this file without the package's
 * source condition, and because that process stops the server even when vitest is killed: its standard input ends.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const program = fileURLToPath(new URL('./hold-test-server.ts', import.meta.url));
  const holder = spawn(process.execPath, ['--conditions=outturn-source', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // An interrupt reaches vitest, which then tears this down in order.
    detached: true,
  });
  const ended = once(holder, 'exit');
  for await (const line of createInterface({ input: holder.stdout })) {
    project.provide('testServerUrl', line);
    return async () => {
      holder.stdin.end();
      await ended;
    };
  }
  throw new Error('The PostgreSQL server for the tests did not start; its message stands above.');
}
