import Table from 'cli-table3';
import pc from 'picocolors';

/** Where a command reads and writes. Standard output carries the answer alone; everything else goes to standard error. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readInput(): Promise<string>;
  variables: NodeJS.ProcessEnv;
  /** Standard error is a terminal that can redraw a line. */
  interactive: boolean;
  color: ReturnType<typeof pc.createColors>;
  /** Aborts on Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  setExitCode(code: ExitCode): void;
}

/** 0 done; 1 it was done but something is wrong, or it failed; 2 the command line is wrong. */
export type ExitCode = 0 | 1 | 2;

export function processIo(signal: AbortSignal): Io {
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    readInput: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
    variables: process.env,
    interactive: process.stderr.isTTY === true,
    color: pc.createColors(pc.isColorSupported && process.stdout.isTTY === true),
    signal,
    setExitCode: (code) => {
      process.exitCode = code;
    },
  };
}

/** A table with a rule under its header, right-aligned where asked. */
export function table(io: Io, head: string[], rows: (string | null)[][], align: ('left' | 'right')[] = []): string {
  const view = new Table({
    head: head.map((cell) => io.color.bold(cell)),
    colAligns: head.map((_, index) => align[index] ?? 'left'),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '',
    },
  });
  for (const row of rows) view.push(row.map((cell) => cell ?? '–'));
  return view.toString();
}

export const printJson = (io: Io, value: unknown): void => io.out(JSON.stringify(value, null, 2));
