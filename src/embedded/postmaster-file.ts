import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commandOf } from './process-identity.ts';

/** What a running server writes about itself into its data directory (`postmaster.pid`). */
export interface PostmasterFacts {
  pid: number;
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
  return { pid: Math.abs(pid), port: Number(lines[3] ?? 0), status: (lines[7] ?? '').trim() };
}

/**
 * The live server of that data directory, or null. A file left by a killed server counts as none; when its number meanwhile belongs
 * to some other program the file is removed, because PostgreSQL itself would refuse to start beside it.
 */
export async function findRunningServer(dataDirectory: string): Promise<PostmasterFacts | null> {
  const facts = await readPostmasterFile(dataDirectory);
  if (facts === null) return null;
  const command = await commandOf(facts.pid);
  if (command === null) return null;
  if (command !== '' && !/postgres/i.test(command)) {
    await rm(join(dataDirectory, 'postmaster.pid'), { force: true });
    return null;
  }
  return facts;
}
