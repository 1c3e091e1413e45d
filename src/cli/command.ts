import type { Command } from 'commander';
import { type Environment, type LogLevel, readEnvironment } from '#src/main/environment';
import type { Io } from './io.ts';

/** Options that every command has. */
export interface CommonOptions {
  config?: string;
  data?: string;
  logLevel?: string;
  json?: boolean;
}

/** Adds the options that every command has, and examples below its help. */
export function withCommon(command: Command, examples: string[]): Command {
  return command
    .option('--config <folder>', 'folder of the YAML files (OUTTURN_CONFIG; default: config)')
    .option('--data <folder>', 'folder of the embedded PostgreSQL (OUTTURN_DATA; default: .outturn)')
    .option('--log-level <level>', 'silent, error, warn, info or debug (OUTTURN_LOG_LEVEL)')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ outturn ${example}`).join('\n')}`);
}

/** A command for people logs in words; one that stays logs as JSON unless a terminal reads it. */
export const environmentOf = (
  io: Io,
  options: CommonOptions,
  { logLevel = 'warn', stays = false }: { logLevel?: LogLevel; stays?: boolean } = {},
): Environment =>
  readEnvironment(options, io.variables, { logLevel, logFormat: stays && !io.interactive ? 'json' : 'pretty' });
