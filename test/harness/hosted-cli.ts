import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { HostedCommand } from './cli-host.ts';

export interface HostedOutcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

interface Host {
  process: ChildProcessByStdio<Writable, Readable, Readable>;
  exited: Promise<unknown>;
}

/** As many as run at once; what is asked for beyond them waits. */
const MOST = 4;
const program = fileURLToPath(new URL('./cli-host.ts', import.meta.url));
const END = /\0(\d+)\n/;

const idle: Host[] = [];
const waiting: ((host: Host) => void)[] = [];
let living = 0;

/** Runs a command in a process that has run others before it and lives on. One that ends with it ends this one too, as a crash does. */
export async function runHosted(command: HostedCommand): Promise<HostedOutcome> {
  const host = await takeHost();
  const { stdin, stdout, stderr } = host.process;
  const outcome: HostedOutcome = { status: null, stdout: '', stderr: '' };
  const collected = Promise.all([
    untilEnd(stdout, (text) => {
      outcome.stdout = text;
    }),
    untilEnd(stderr, (text) => {
      outcome.stderr = text;
    }),
  ]);
  stdin.write(`${JSON.stringify(command)}\n`);
  const statuses = await Promise.race([collected, host.exited.then(() => null)]);
  if (statuses === null) {
    living -= 1;
    const next = waiting.shift();
    if (next !== undefined) next(startHost());
    return { ...outcome, status: host.process.exitCode };
  }
  const next = waiting.shift();
  if (next === undefined) idle.push(host);
  else next(host);
  return { ...outcome, status: statuses[0] };
}

async function takeHost(): Promise<Host> {
  const host = idle.pop();
  if (host !== undefined) return host;
  return living < MOST ? startHost() : await new Promise((resolve) => waiting.push(resolve));
}

function startHost(): Host {
  living += 1;
  const child = spawn(process.execPath, ['--conditions=outturn-source', program], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  child.stdin.on('error', () => undefined);
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  // It ends with its standard input, so with this process; it keeps nobody.
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr])
    if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  return { process: child, exited };
}

/** What the stream says until the mark that the command is over; its status. */
function untilEnd(stream: Readable, show: (text: string) => void): Promise<number> {
  return new Promise((resolve) => {
    let text = '';
    const take = (chunk: string): void => {
      text += chunk;
      const end = END.exec(text);
      show(end === null ? text : text.slice(0, end.index));
      if (end === null) return;
      stream.off('data', take);
      resolve(Number(end[1]));
    };
    stream.on('data', take);
  });
}
