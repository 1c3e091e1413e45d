import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process, told apart from a later one that was given the same number. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque; equal only for the same start of the same boot. Null where the system does not tell. */
  startedAt: string | null;
}

interface ProcessFacts {
  startedAt: string | null;
  command: string | null;
}

/** Null when no such process runs. A zombie counts as gone: nobody may be there to reap it (a container's PID 1). */
async function inspect(pid: number): Promise<ProcessFacts | null> {
  if (!Number.isInteger(pid) || pid <= 0 || !exists(pid)) return null;
  if (process.platform === 'linux') return inspectByProc(pid);
  if (process.platform === 'win32') return { startedAt: null, command: null };
  return inspectByPs(pid);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function inspectByProc(pid: number): Promise<ProcessFacts | null> {
  try {
    const [stat, command, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    ]);
    // The name in parentheses may itself hold spaces and parentheses; fields are counted after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return { startedAt: `${boot.trim()}/${fields[19] ?? ''}`, command: command.replaceAll('\0', ' ').trim() };
  } catch {
    return exists(pid) ? { startedAt: null, command: null } : null;
  }
}

async function inspectByPs(pid: number): Promise<ProcessFacts | null> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=,command=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    const match = /^(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.*)$/m.exec(stdout.trim());
    if (match?.[1]?.startsWith('Z')) return null;
    return { startedAt: match?.[2] ?? null, command: match?.[3] ?? null };
  } catch {
    return exists(pid) ? { startedAt: null, command: null } : null;
  }
}

export async function identifySelf(): Promise<ProcessIdentity> {
  return { pid: process.pid, startedAt: (await inspect(process.pid))?.startedAt ?? null };
}

/** Whether that very process still runs. Where the start is unknown on either side the number alone decides. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const facts = await inspect(identity.pid);
  if (facts === null) return false;
  return facts.startedAt === null || identity.startedAt === null || facts.startedAt === identity.startedAt;
}

/** Command line of a running process; null: not running; '' : running, command unknown. */
export async function commandOf(pid: number): Promise<string | null> {
  const facts = await inspect(pid);
  return facts === null ? null : (facts.command ?? '');
}
