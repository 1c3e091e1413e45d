import pc from 'picocolors';

/** Where a command reads and writes. Standard output carries the answer alone; everything else goes to standard error. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readInput(): Promise<string>;
  /** The answer of whoever sits at the terminal; null when nobody does. */
  ask: ((question: string) => Promise<string>) | null;
  /** The same, what is typed unseen; the answer is null when whoever sits there has left. */
  askHidden: ((question: string) => Promise<string | null>) | null;
  variables: NodeJS.ProcessEnv;
  /** Standard error is a terminal that can redraw a line. */
  interactive: boolean;
  /** Width of the terminal on standard output; null when a file or another program reads it. */
  columns: number | null;
  color: ReturnType<typeof pc.createColors>;
  /** Aborts on Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  setExitCode(code: ExitCode): void;
  /** Whether standard output got its one JSON document. */
  answered: boolean;
}

/** 0 done; 1 it was done but something is wrong, or it failed; 2 the command line is wrong. */
export type ExitCode = 0 | 1 | 2;

export function processIo(signal: AbortSignal): Io {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader has seen enough (`| head -1`): go on to a clean end without it.
      if (error.code !== 'EPIPE') throw error;
    });
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    readInput: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
    ask:
      process.stdin.isTTY && process.stderr.isTTY
        ? async (question) => {
            const { createInterface } = await import('node:readline/promises');
            const terminal = createInterface({ input: process.stdin, output: process.stderr });
            try {
              return await terminal.question(question, { signal });
            } finally {
              terminal.close();
            }
          }
        : null,
    askHidden:
      process.stdin.isTTY && process.stderr.isTTY
        ? async (question) => {
            const { readHidden } = await import('./hidden-input.ts');
            return await readHidden(process.stdin, (text) => void process.stderr.write(text), question);
          }
        : null,
    variables: process.env,
    interactive: process.stderr.isTTY === true,
    columns: process.stdout.isTTY === true ? process.stdout.columns || null : null,
    color: pc.createColors(pc.isColorSupported && process.stdout.isTTY === true),
    signal,
    setExitCode: (code) => {
      process.exitCode = code;
    },
    answered: false,
  };
}

export function printJson(io: Io, value: unknown): void {
  io.out(JSON.stringify(value, null, 2));
  io.answered = true;
}
