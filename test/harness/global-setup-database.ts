import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers with the address of the run's PostgreSQL server, which it starts when first asked; see database.ts. */
    testServerBroker: string;
  }
}

/**
 * One embedded PostgreSQL for the whole run, started by the first file that needs it. It is held by a process of its own, because
 * vitest loads this file without the package's source condition, and because that process stops the server even when vitest
 * is killed: its standard input ends.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let holder: ChildProcess | null = null;
  let address: Promise<string> | null = null;

  const start = async (): Promise<string> => {
    const program = fileURLToPath(new URL('./hold-test-server.ts', import.meta.url));
    const child = spawn(process.execPath, ['--conditions=outturn-source', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // An interrupt reaches vitest, which then tears this down in order.
      detached: true,
    });
    holder = child;
    for await (const line of createInterface({ input: child.stdout })) return line;
    throw new Error('The PostgreSQL server for the tests did not start; its message stands above.');
  };

  const broker = createServer((_request, response) => {
    address ??= start();
    address.then(
      (url) => response.end(url),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  const bound = broker.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port for the test server broker');
  project.provide('testServerBroker', `http://127.0.0.1:${bound.port}/`);

  return async () => {
    broker.close();
    broker.closeAllConnections();
    if (holder === null || holder.exitCode !== null) return;
    const ended = once(holder, 'exit');
    holder.stdin?.end();
    await ended;
  };
}
