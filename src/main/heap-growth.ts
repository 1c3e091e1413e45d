import { setFlagsFromString } from 'node:v8';

/**
 * Left to itself V8 lets a process that makes much garbage grow to several times what it holds before it collects. A worker shares its
 * host with the database: it collects once it has grown by a tenth, however long a pull lasts (`npm run bench -- memory`).
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=10');
}
