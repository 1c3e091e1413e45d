#!/usr/bin/env node
// Runs the compiled CLI on Node 24: this one, or the one that the package `node` brings.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const WANTED_MAJOR = 24;
const entry = new URL('../dist/src/cli/outturn.js', import.meta.url);

if (!existsSync(entry))
  fail('the compiled program is missing (dist/)', 'Run `npm run build`, or install Outturn again.');
else if (Number(process.versions.node.split('.')[0]) >= WANTED_MAJOR) await import(entry.href);
else {
  const node = bundledNode();
  if (node === null)
    fail(
      `Node ${WANTED_MAJOR} is needed, this is ${process.version}, and the one that Outturn brings was not installed: npm skipped the install script of the package \`node\``,
      'Allow it and run it, in the folder of your package.json: `npm install-scripts approve node && npm rebuild node`.',
      'With npm before 11.16 `npm rebuild node --foreground-scripts` alone; or put Node 24 first on PATH.',
    );
  else run(node);
}

/** Null when its install script, which fetches the binary, did not run. */
function bundledNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    const binary = path.join(path.dirname(manifest), 'bin', name);
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

function run(node) {
  const child = spawn(node, [fileURLToPath(entry), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${node} cannot be started: ${error.message}`, 'Run `npm rebuild node`.'));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 1);
  });
}

function fail(message, ...hints) {
  process.stderr.write(`outturn: ${message}.\n${hints.map((hint) => `→ ${hint}\n`).join('')}`);
  process.exitCode = 1;
}
