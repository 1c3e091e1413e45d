import type { ConnectorContext, FileSource, HttpClient, HttpSettings, Logger } from '#kit';
import { createExtractor } from '#src/extract/index';
import { createSqlSource } from '#src/fetch/index';
import { silentLog } from '../harness/silent-log.ts';
import { budget } from './budget.ts';

/** Settings of a connector without credentials; `changes` say what a test is about. */
export function httpSettings(changes: Partial<HttpSettings> = {}): HttpSettings {
  return {
    url: null,
    auth: { kind: 'none' },
    timeoutMs: 20_000,
    maxResponseBytes: 32 * 1024 * 1024,
    budget: budget(),
    tls: { caFile: null, rejectUnauthorized: true, certFile: null, keyFile: null, keyPassphrase: null },
    proxy: null,
    allowPrivateRedirects: false,
    headers: {},
    ...changes,
  };
}

const nobody: HttpClient = { request: async () => Promise.reject(new Error('this source is not asked by HTTP')) };
const noFiles: FileSource = { list: async () => [], read: async function* () {} };

/** What a connector may use, all of it real but `http` and `files`, which are there when given. */
export function connectorContext<O>(
  options: O,
  changes: Partial<Omit<ConnectorContext<O>, 'options'>> & { log?: Logger } = {},
): ConnectorContext<O> {
  return {
    options,
    http: nobody,
    files: noFiles,
    sql: createSqlSource(),
    extract: createExtractor(),
    log: silentLog,
    nowMs: () => 0,
    signal: new AbortController().signal,
    ...changes,
  };
}
