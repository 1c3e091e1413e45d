import { randomUUID } from 'node:crypto';
import { type BudgetLimits, createRedactor, type FetchPurpose } from '#kit';
import { createFetchFactory } from '#src/fetch/index';
import { openStore } from '#src/store/index';
import { silentLog } from '../../harness/silent-log.ts';

/** A process of a fleet: sends so many requests at once, through the budgets in the database. */
const { databaseUrl, url, limits, purpose, requests, timeoutMs } = JSON.parse(process.argv[2] ?? '{}') as {
  databaseUrl: string;
  url: string;
  limits: BudgetLimits;
  purpose: FetchPurpose;
  requests: number;
  timeoutMs: number;
};
const clock = { nowMs: () => Date.now() };
const store = await openStore({
  url: databaseUrl,
  resolver: {
    resolve: () => {
      throw new Error('it enqueues nothing');
    },
  },
  clock,
  newId: randomUUID,
  log: silentLog,
  applicationName: 'outturn hammer',
});
const fetch = createFetchFactory({ redactor: createRedactor(), log: silentLog, clock, budgets: store.budgets });
const connector = {
  id: 'shop',
  kind: 'any',
  http: {
    url,
    auth: { kind: 'none' as const },
    timeoutMs,
    maxResponseBytes: 100_000,
    budget: limits,
    tls: { caFile: null, rejectUnauthorized: true, certFile: null, keyFile: null, keyPassphrase: null },
    proxy: null,
    allowPrivateRedirects: false,
    headers: {},
  },
  options: {},
  streams: [],
};
const client = fetch.client(connector, new AbortController().signal, { purpose });
await Promise.all(Array.from({ length: requests }, () => client.request({ url: purpose, expect: 'text' })));
await store.close();
process.stdout.write('done\n');
