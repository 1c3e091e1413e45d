import { Command, CommanderError } from 'commander';
import { OutturnError } from '#kit';
import { keepHeapSmall } from '#src/main/heap-growth';
import { withExamples } from './command.ts';
import { commands } from './commands/index.ts';
import { processIo } from './io.ts';
import { reportError } from './report-error.ts';
import { version } from './version.ts';

// Before the app is loaded: what has grown by then stays grown.
keepHeapSmall();

/** npm and the launcher pass Ctrl-C on, which the terminal has sent to this process already. */
const ECHO_MS = 500;
const stop = new AbortController();
let stoppedAtMs = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (!stop.signal.aborted) {
      stoppedAtMs = performance.now();
      stop.abort();
    }
    // A second one is meant: leave at once.
    else if (performance.now() - stoppedAtMs > ECHO_MS) process.exit(signal === 'SIGINT' ? 130 : 143);
  });

const given = process.argv.slice(2);
const json = given.slice(0, given.includes('--') ? given.indexOf('--') : given.length).includes('--json');
const io = processIo(stop.signal);
const program = withExamples(
  new Command('outturn')
    .description('Measures what IT projects are worth after they ship, and keeps proving it.')
    .version(version)
    .showHelpAfterError('(add --help for the options and examples)')
    .showSuggestionAfterError(true)
    // Options belong to the command that they follow: `jobs` and `jobs dead` both have --json.
    .enablePositionalOptions()
    // With --json a wrong command line is answered by a document, not by help.
    .configureOutput({ writeErr: (text) => void (json || process.stderr.write(text)) })
    .exitOverride(),
  ['demo', 'validate', 'pull --all', 'roi', 'up', 'pull --help'],
);
for (const register of commands) register(program, io);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    io.setExitCode(error.exitCode === 0 ? 0 : 2);
    if (json && error.exitCode !== 0) reportError(io, usageError(error), true);
  } else {
    reportError(io, error, json);
    io.setExitCode(error instanceof OutturnError && error.code === 'usage' ? 2 : 1);
  }
}

function usageError({ code, message }: CommanderError): OutturnError {
  const text = code === 'commander.help' ? 'Name a command.' : message.replace(/^error: /, '');
  return new OutturnError('usage', text, {
    hint: 'Add --help, without --json, for the commands, options and examples.',
  });
}
