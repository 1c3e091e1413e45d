import { Command, CommanderError } from 'commander';
import { OutturnError } from '#kit';
import { commands } from './commands/index.ts';
import { processIo } from './io.ts';
import { reportError } from './report-error.ts';
import { version } from './version.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    // The second one is meant: leave at once.
    if (stop.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    stop.abort();
  });

const io = processIo(stop.signal);
const program = new Command('outturn')
  .description('Measures what IT projects are worth after they ship, and keeps proving it.')
  .version(version)
  .showHelpAfterError('(add --help for the options and examples)')
  .showSuggestionAfterError(true)
  .exitOverride();
for (const register of commands) register(program, io);
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) io.setExitCode(error.exitCode === 0 ? 0 : 2);
  else {
    reportError(io, error, process.argv.includes('--json'));
    io.setExitCode(error instanceof OutturnError && error.code === 'usage' ? 2 : 1);
  }
}
