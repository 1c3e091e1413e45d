import { type Command, Option } from 'commander';
import type { Config } from '#kit';
import type { App } from '#src/main/app';
import {
  type Environment,
  type LogLevel,
  logLevels,
  readEnvironment,
  requireDataDirectory,
} from '#src/main/environment';
import type { Io } from './io.ts';

/** Options that every command has. */
export interface CommonOptions {
  config?: string;
  data?: string;
  logLevel?: string;
  json?: boolean;
}

/** Adds the options that every command has, and examples below its help; `--config` not where the command brings its own. */
export function withCommon(
  command: Command,
  examples: string[],
  { ownConfig = false }: { ownConfig?: boolean } = {},
): Command {
  const config = new Option('--config <folder>', 'folder of the YAML files (OUTTURN_CONFIG; default: config)');
  const common = [
    ...(ownConfig ? [] : [config]),
    new Option('--data <folder>', 'folder of the embedded PostgreSQL (OUTTURN_DATA; default: .outturn)'),
    new Option('--log-level <level>', 'how much is told on standard error (OUTTURN_LOG_LEVEL)').choices(logLevels),
    new Option('--json', 'one JSON document on standard output'),
  ];
  for (const option of common) command.addOption(option.helpGroup('Options of every command:'));
  return withExamples(command, examples);
}

/** Examples below the help; one that is not a call of outturn, such as a pipe, begins with `$ `. */
export const withExamples = (command: Command, examples: string[]): Command =>
  command.addHelpText(
    'after',
    `\nExamples:\n${examples.map((each) => (each.startsWith('$ ') ? `  ${each}` : `  $ outturn ${each}`)).join('\n')}`,
  );

/** A command for people logs in words; one that stays logs as JSON unless a terminal reads it. */
export const environmentOf = (
  io: Io,
  options: CommonOptions,
  { logLevel = 'warn', stays = false }: { logLevel?: LogLevel; stays?: boolean } = {},
): Environment =>
  readEnvironment(options, io.variables, { logLevel, logFormat: stays && !io.interactive ? 'json' : 'pretty' });

const GRACE_MS = 10_000;
/** Whoever pressed Ctrl-C wants to leave; what runs is given back to the queue. */
const INTERRUPTED_GRACE_MS = 1_000;

/**
 * Opens the app for the work and closes it, whatever happens. `check` refuses unknown names before anything is opened; a
 * command that only reads makes no new data directory and, unless it says `applies`, leaves what is in force as it is: an
 * edited stream would begin anew, for good, because somebody looked.
 */
export async function withApp(
  io: Io,
  environment: Environment,
  work: (app: App) => Promise<void>,
  {
    reads = false,
    check,
    applies = !reads,
  }: { reads?: boolean; check?: (config: Config) => void; applies?: boolean } = {},
): Promise<void> {
  if (reads) await requireDataDirectory(environment);
  // Loaded here: help, a wrong command line and what needs no database answer sooner without it.
  const { openApp } = await import('#src/main/app');
  const app = await openApp(environment, undefined, check, { applies });
  try {
    await work(app);
  } finally {
    await app.close({ graceMs: io.signal.aborted ? INTERRUPTED_GRACE_MS : GRACE_MS });
  }
}
