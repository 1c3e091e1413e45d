import { type DestinationStream, destination, levels, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { type Logger, OutturnError, type Redactor } from '#kit';
import { scopedFacts } from './log-scope.ts';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';
export type LogFormat = 'pretty' | 'json';

export interface LoggerSettings {
  level: LogLevel;
  redactor: Redactor;
  /** Absent: `pretty` when standard error is a terminal, else `json`. */
  format?: LogFormat | undefined;
  /** Absent: standard error, so that standard output stays free for a command's own result. */
  write?: ((line: string) => void) | undefined;
}

/** Deeper structures are cut: a log line is for reading, and a cycle must not hang it. */
const MAX_DEPTH = 8;
const MAX_STRING_LENGTH = 8_192;

/**
 * A value as it may be logged: each string (keys too) through the redactor, errors as `{type, code, message, hint, facts,
 * stack, cause}`. People's mistakes carry no stack, nor do their causes: an OutturnError other than `internal` says where
 * and what itself.
 */
export function loggable(value: unknown, redactor: Redactor, depth = 0, isExpected = false): unknown {
  if (typeof value === 'string') {
    const text = redactor.text(value);
    return text.length > MAX_STRING_LENGTH ? `${text.slice(0, MAX_STRING_LENGTH)}… (${text.length} characters)` : text;
  }
  if (typeof value === 'bigint') return redactor.text(value.toString());
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? '[function]' : value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return loggableError(value, redactor, depth, isExpected);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof URL) return redactor.text(value.href);
  if (Buffer.isBuffer(value) || ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map) return loggable(Object.fromEntries(value), redactor, depth + 1);
  if (value instanceof Set) return loggable([...value], redactor, depth + 1);
  if (Array.isArray(value)) return value.map((item) => loggable(item, redactor, depth + 1));
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) result[redactor.text(key)] = loggable(item, redactor, depth + 1);
  return result;
}

function loggableError(
  error: Error,
  redactor: Redactor,
  depth: number,
  causedExpected: boolean,
): Record<string, unknown> {
  const result: Record<string, unknown> = { type: error.name, message: redactor.text(error.message) };
  if (error instanceof OutturnError) {
    result['code'] = error.code;
    if (error.hint !== undefined) result['hint'] = redactor.text(error.hint);
    if (error.facts !== undefined) result['facts'] = loggable(error.facts, redactor, depth + 1);
  } else if ('code' in error && typeof error.code === 'string') result['code'] = redactor.text(error.code);
  const isExpected = causedExpected || (error instanceof OutturnError && error.code !== 'internal');
  if (!isExpected && error.stack !== undefined) result['stack'] = redactor.text(error.stack);
  if (error.cause !== undefined) result['cause'] = loggable(error.cause, redactor, depth + 1, isExpected);
  return result;
}

/**
 * A structured log. Every value, nested ones and errors included, passes the redactor before it is written. Written
 * synchronously: what was logged before a crash is there after it, and no worker thread outlives the process.
 */
export function createLogger(settings: LoggerSettings): Logger {
  const format = settings.format ?? (process.stderr.isTTY ? 'pretty' : 'json');
  const write = settings.write ?? standardErrorWriter();
  let stream: DestinationStream = { write };
  if (format === 'pretty') {
    const prettify = prettyFactory({
      colorize: settings.write === undefined && process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'pid,hostname',
    });
    stream = { write: (line) => write(prettify(line) ?? line) };
  }
  const base = pino(
    {
      level: settings.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return wrap(base, settings.redactor, {});
}

/** The part of pino used here. */
interface Sink {
  level: string;
  levelVal: number;
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
type Method = 'debug' | 'info' | 'warn' | 'error';

function wrap(sink: Sink, redactor: Redactor, inherited: Record<string, unknown>): Logger {
  const emit = (method: Method, facts: Record<string, unknown>, message: string): void => {
    if ((levels.values[method] ?? 0) < sink.levelVal) return;
    // Inherited facts are redacted at each line: a secret may become known after the child was made.
    sink[method](
      loggable({ ...scopedFacts(), ...inherited, ...facts }, redactor) as Record<string, unknown>,
      String(loggable(message, redactor)),
    );
  };
  return {
    debug: (facts, message) => emit('debug', facts, message),
    info: (facts, message) => emit('info', facts, message),
    warn: (facts, message) => emit('warn', facts, message),
    error: (facts, message) => emit('error', facts, message),
    child: (facts) => wrap(sink, redactor, { ...inherited, ...facts }),
  };
}

function standardErrorWriter(): (line: string) => void {
  const stream = destination({ dest: 2, sync: true });
  // A closed standard error (`2>&1 | head`) must not end the process.
  stream.on('error', () => undefined);
  return (line) => {
    stream.write(line);
  };
}
