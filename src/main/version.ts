import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** From package.json, whether run from source (src/main) or compiled (dist/src/main). */
export const version: string = readVersion();

function readVersion(): string {
  for (const file of ['../../package.json', '../../../package.json'])
    try {
      const { name, version } = require(file) as { name: string; version: string };
      if (name === 'outturn') return version;
    } catch {
      // Not at this depth: the compiled tree is one folder deeper.
    }
  return '0.0.0';
}
