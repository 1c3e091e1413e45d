import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commandOf } from './process-identity.ts';

/** What a running server writes about itself into its data directory (`postmaster.pid`). */
export interface PostmasterFacts {
  pid: number;
  /** Absolute, as the server was told it. */
  dataDirectory: string;
  port: number;
  /** `starting`, `ready`, `stopping`, `standby`; empty while the file is being written. */
  status: string;
}

export async function readPostmasterFile(dataDirectory: string): Promise<PostmasterFacts | null> {
  let text: string;
  try {
    text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8');
  } catch {
    return null;
  }
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid === 0) return null;
  return {
    pid: Math.abs(pid),
    dataDirectory: lines[1] ?? '',
    port: Number(lines[3] ?? 0),
    status: (lines[7] ?? '').trim(),
  };
}

/**
 * The live server of that data directory, or null. A file left by a killed server counts as none; when its number meanwhile belongs
 * to some other program, another PostgreSQL server's too, the file is removed, because PostgreSQL itself would refuse to start
 * beside it.
 */
export async function findRunningServer(dataDirectory: string): Promise<PostmasterFacts | null> {
  const facts = await readPostmasterFile(dataDirectory);
  if (facts === null) return null;
  const command = await commandOf(facts.pid);
  if (command === null) return null;
  if (command !== '' && !isServerOf(command, facts.dataDirectory)) {
    await rm(join(dataDirectory, 'postmaster.pid'), { force: true });
    return null;
  }
  return facts;
}

/** In doubt yes: a server whose mark is taken from it ends itself. */
function isServerOf(command: string, dataDirectory: string): boolean {
  // A process of some server's, such as `postgres: checkpointer`, is no server itself.
  if (!/postgres/i.test(command) || /^postgres: /.test(command)) return false;
  const namesAnother = / -D ?\//.test(command) && !command.includes(dataDirectory);
  return !namesAnother;
}
