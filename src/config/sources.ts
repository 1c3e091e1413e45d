import { open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ProblemList } from './problems.ts';
import { describeFileError } from './references.ts';

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_FILES = 1000;
/** Of all files together: they are in memory at once. */
const MAX_BYTES = 8 * 1024 * 1024;

/** One YAML file as text. */
export interface SourceFile {
  /** As problems name it. */
  name: string;
  text: string;
}

/** Relative to the working directory where it lies below it: short, and a terminal can open it. */
export function displayName(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}

/**
 * Every `*.yaml` and `*.yml` below the folder, sorted; not its `schema/`, not names that begin with a dot. What cannot
 * be read is a problem, and so is finding nothing at all.
 */
export async function readSources(directory: string, problems: ProblemList): Promise<SourceFile[]> {
  const files: string[] = [];
  const folder = { file: displayName(directory), line: 0, column: 0 };
  try {
    await collect(directory, directory, files, new Set());
  } catch (thrown) {
    const missing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    const message = missing
      ? 'there is no such folder; make it and put a YAML file into it, or name another one with --config'
      : `the configuration folder cannot be read: ${describeFileError(thrown)}`;
    problems.add(folder, [], missing ? 'config/not-found' : 'config/unreadable-file', message);
    return [];
  }
  if (files.length === 0)
    problems.add(
      folder,
      [],
      'config/not-found',
      'no *.yaml or *.yml file lies below this folder; put one there, or name another folder with --config',
    );
  if (files.length > MAX_FILES) {
    problems.add(folder, [], 'config/unreadable-file', `more than ${MAX_FILES} YAML files lie below this folder`);
    return [];
  }
  const sources: SourceFile[] = [];
  let bytes = 0;
  for (const file of files.sort()) {
    const name = displayName(file);
    try {
      const text = await readText(file);
      bytes += Buffer.byteLength(text);
      if (bytes > MAX_BYTES) {
        problems.add(folder, [], 'config/unreadable-file', 'the YAML files below this folder have more than 8 MiB');
        return [];
      }
      sources.push({ name, text });
    } catch (thrown) {
      const reason = thrown instanceof TooLarge ? 'it is larger than 1 MiB' : describeFileError(thrown);
      problems.add({ file: name, line: 0, column: 0 }, [], 'config/unreadable-file', `cannot be read: ${reason}`);
    }
  }
  return sources;
}

class TooLarge extends Error {}

async function readText(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    if ((await handle.stat()).size > MAX_FILE_BYTES) throw new TooLarge();
    return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
  } finally {
    await handle.close();
  }
}

/** Symbolic links are followed (Kubernetes mounts files so), each real folder once, so that a circle ends. */
async function collect(root: string, folder: string, files: string[], visited: Set<string>): Promise<void> {
  const real = await realpath(folder);
  if (visited.has(real) || files.length > MAX_FILES) return;
  visited.add(real);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.') || (folder === root && entry.name === 'schema')) continue;
    const full = path.join(folder, entry.name);
    const stats = entry.isSymbolicLink() ? await stat(full).catch(() => null) : entry;
    if (stats?.isDirectory()) await collect(root, full, files, visited);
    // A dangling link with the right name is read, fails, and is reported.
    else if (/\.ya?ml$/i.test(entry.name) && (stats === null || stats.isFile())) files.push(full);
  }
}
