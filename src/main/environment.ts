import { stat } from 'node:fs/promises';
import path from 'node:path';
import { createRedactor, type Logger, nearest, OutturnError, PermanentError, type Redactor } from '#kit';
import type { RedisSettings } from '#src/queue/index';
import { createLogger } from '#src/telemetry/index';
import { readRedis } from './redis-environment.ts';

/** Where this process reads and writes, and what it was told from outside. Nothing is opened yet. */
export interface Environment {
  configDirectory: string;
  /** Embedded PostgreSQL and whatever else must survive on this machine. */
  dataDirectory: string;
  /** Null: the embedded PostgreSQL in the data directory. */
  databaseUrl: string | null;
  /** Null: queues live in PostgreSQL. */
  redis: RedisSettings | null;
  variables: NodeJS.ProcessEnv;
  redactor: Redactor;
  log: Logger;
}

export interface EnvironmentOptions {
  config?: string | undefined;
  data?: string | undefined;
  logLevel?: string | undefined;
}

export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];
const logFormats = ['pretty', 'json'] as const;

/** One for the process: a secret that became known anywhere is masked everywhere. */
export const knownSecrets = createRedactor();

/** Options beat variables, variables beat defaults (`config`, `.outturn`, log level `warn`). Throws `usage` for a level or format that there is not, `config/invalid-value` for an address of another scheme. */
export function readEnvironment(
  options: EnvironmentOptions,
  variables: NodeJS.ProcessEnv,
  defaults: { logLevel: LogLevel; logFormat: 'pretty' | 'json' } = { logLevel: 'warn', logFormat: 'pretty' },
): Environment {
  const redactor = knownSecrets;
  for (const given of [variables.DATABASE_URL, variables.REDIS_URL])
    for (const password of passwordOf(given || null)) redactor.add(password);
  const databaseUrl = address('DATABASE_URL', variables, ['postgres:', 'postgresql:'], 'host:5432/database');
  const redis = readRedis(variables, redactor);
  const level =
    word('--log-level', options.logLevel, logLevels) ??
    word('OUTTURN_LOG_LEVEL', variables.OUTTURN_LOG_LEVEL, logLevels) ??
    defaults.logLevel;
  const format = word('OUTTURN_LOG_FORMAT', variables.OUTTURN_LOG_FORMAT, logFormats) ?? defaults.logFormat;
  return {
    configDirectory: path.resolve(options.config ?? (variables.OUTTURN_CONFIG || 'config')),
    dataDirectory: path.resolve(options.data ?? (variables.OUTTURN_DATA || '.outturn')),
    databaseUrl,
    redis,
    variables,
    redactor,
    log: createLogger({ level, redactor, format }),
  };
}

function passwordOf(url: string | null): string[] {
  if (url === null || !URL.canParse(url)) return [];
  const { password } = new URL(url);
  if (password === '') return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    // A lone % that was meant as one.
    return [password];
  }
}

/** An address of a server, null when none is given. The value is shown nowhere: it may hold a password in any place. */
function address(name: string, variables: NodeJS.ProcessEnv, schemes: readonly string[], rest: string): string | null {
  const given = variables[name];
  if (given === undefined || given === '') return null;
  const scheme = URL.canParse(given) ? new URL(given).protocol : null;
  if (scheme !== null && schemes.includes(scheme)) return given;
  const [usual, other] = schemes.map((each) => `${each}//`);
  throw new PermanentError(
    'config/invalid-value',
    scheme === null ? `${name} is no address.` : `${name} must begin with ${usual} or ${other}.`,
    { hint: `Write ${usual}user:password@${rest}, special characters in the password as %XX; or unset ${name}.` },
  );
}

/** One of the words, null when nothing is given. */
function word<T extends string>(name: string, given: string | undefined, words: readonly T[]): T | null {
  if (given === undefined || given === '') return null;
  const found = words.find((known) => known === given);
  if (found !== undefined) return found;
  const meant = nearest(given, words);
  throw new OutturnError('usage', `${name} is "${given}", but takes ${words.join(', ')}.`, {
    hint: meant === null ? undefined : `Did you mean ${meant}?`,
  });
}

/** A mistyped folder must not look like an empty system: what only reads wants data that are there. */
export async function requireDataDirectory(environment: Environment): Promise<void> {
  if (environment.databaseUrl !== null) return;
  const { dataDirectory } = environment;
  if (await stat(dataDirectory).catch(() => null)) return;
  throw new PermanentError('not-found', `There are no data yet: the folder ${dataDirectory} does not exist.`, {
    hint: '`outturn up`, `outturn pull` or `outturn migrate` makes it; or name another one by --data, or a database by DATABASE_URL.',
  });
}
