import path from 'node:path';
import { createRedactor, type Logger, type Redactor } from '#kit';
import { createLogger } from '#src/telemetry/index';

/** Where this process reads and writes, and what it was told from outside. Nothing is opened yet. */
export interface Environment {
  configDirectory: string;
  /** Embedded PostgreSQL and whatever else must survive on this machine. */
  dataDirectory: string;
  /** Null: the embedded PostgreSQL in the data directory. */
  databaseUrl: string | null;
  /** Null: queues live in PostgreSQL. */
  redisUrl: string | null;
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

/** One for the process: a secret that became known anywhere is masked everywhere. */
export const knownSecrets = createRedactor();

/** Options beat variables, variables beat defaults (`config`, `.outturn`, log level `warn`). */
export function readEnvironment(
  options: EnvironmentOptions,
  variables: NodeJS.ProcessEnv,
  defaults: { logLevel: LogLevel; logFormat: 'pretty' | 'json' } = { logLevel: 'warn', logFormat: 'pretty' },
): Environment {
  const databaseUrl = variables.DATABASE_URL || null;
  const redisUrl = variables.REDIS_URL || null;
  const redactor = knownSecrets;
  for (const password of [databaseUrl, redisUrl].flatMap(passwordOf)) redactor.add(password);
  const wanted = options.logLevel ?? variables.OUTTURN_LOG_LEVEL;
  const level = logLevels.find((known) => known === wanted) ?? defaults.logLevel;
  const format =
    variables.OUTTURN_LOG_FORMAT === 'json'
      ? 'json'
      : variables.OUTTURN_LOG_FORMAT === 'pretty'
        ? 'pretty'
        : defaults.logFormat;
  return {
    configDirectory: path.resolve(options.config ?? variables.OUTTURN_CONFIG ?? 'config'),
    dataDirectory: path.resolve(options.data ?? variables.OUTTURN_DATA ?? '.outturn'),
    databaseUrl,
    redisUrl,
    variables,
    redactor,
    log: createLogger({ level, redactor, format }),
  };
}

function passwordOf(url: string | null): string[] {
  if (url === null || !URL.canParse(url)) return [];
  const { password } = new URL(url);
  return password === '' ? [] : [password, decodeURIComponent(password)];
}
