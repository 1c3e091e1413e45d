/** Runs one command after another, as its parent asks: what takes most of a short command's time, loading, is done once. */
import { createInterface } from 'node:readline';
import { processIo } from '#src/cli/io';
import { runOutturn } from '#src/cli/run';
import { keepHeapSmall } from '#src/main/heap-growth';

export interface HostedCommand {
  args: readonly string[];
  env: Record<string, string>;
  cwd: string;
  input: string;
}

keepHeapSmall();
const base = processIo(new AbortController().signal);
const own = { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] };

for await (const line of createInterface({ input: process.stdin })) {
  const { args, env, cwd, input } = JSON.parse(line) as HostedCommand;
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, own, env);
  process.chdir(cwd);
  let status = 0;
  await runOutturn(args, {
    ...base,
    readInput: async () => input,
    setExitCode: (code) => {
      status = code;
    },
  });
  // Both, for each stream tells by itself when it has come to its end.
  for (const stream of [process.stdout, process.stderr]) stream.write(`\0${status}\n`);
}
