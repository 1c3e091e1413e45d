import { setFlagsFromString } from 'node:v8';

/**
 * Left to itself V8 lets a process that makes much garbage grow to several times what it holds before it collects. A worker shares its
 * host with the database: its nursery stays small, and it collects once it has grown by a tenth, however long a pull lasts
 * (`npm run bench -- memory`).
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=10');
}
