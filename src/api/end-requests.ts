import type { FastifyInstance } from 'fastify';

/** Sooner than what supervises processes kills them. */
const PATIENCE_MS = 5_000;

/**
 * Lets requests under way end before the server closes its connections; those that come meanwhile are answered 503. `isEnding`:
 * what fails from now on is cut off by the end of the process.
 */
export function endRequests(server: FastifyInstance, patienceMs = PATIENCE_MS): { isEnding(): boolean } {
  let running = 0;
  let ending = false;
  let onIdle = (): void => undefined;
  server.addHook('onRequest', async () => {
    running++;
  });
  server.addHook('onResponse', async () => {
    running--;
    if (running === 0) onIdle();
  });
  server.addHook('preClose', async () => {
    ending = true;
    if (running === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  });
  return { isEnding: () => ending };
}
