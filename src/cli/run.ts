import { Command, CommanderError } from 'commander';
import { OutturnError } from '#kit';
import { withExamples } from './command.ts';
import { commands } from './commands/index.ts';
import type { Io } from './io.ts';
import { reportError } from './report-error.ts';
import { version } from './version.ts';

/** Does what the words after `outturn` say: the answer, errors too, goes to `io`, and the exit status. Never rejects. */
export async function runOutturn(given: readonly string[], io: Io): Promise<void> {
  const ofOutturn = given.includes('--') ? given.slice(0, given.indexOf('--')) : given;
  const json = ofOutturn.includes('--json');
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
    await program.parseAsync(given, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      io.setExitCode(error.exitCode === 0 ? 0 : 2);
      if (json && error.exitCode !== 0) reportError(io, usageError(error), true);
    } else {
      reportError(io, error, json);
      io.setExitCode(error instanceof OutturnError && error.code === 'usage' ? 2 : 1);
    }
  }
}

function usageError({ code, message }: CommanderError): OutturnError {
  const text = code === 'commander.help' ? 'Name a command.' : message.replace(/^error: /, '');
  return new OutturnError('usage', text, {
    hint: 'Add --help, without --json, for the commands, options and examples.',
  });
}
