import { hostname } from 'node:os';
import {
  asOutturnError,
  type BudgetLedger,
  budgetAccounts,
  type Config,
  type ConnectorConfig,
  type ConnectorContext,
  type HttpResponse,
  type Store,
  type TokenStore,
} from '#kit';
import { createExtractor } from '#src/extract/index';
import { createFetchFactory, createFileSource, createLocalBudgets, createSqlSource } from '#src/fetch/index';
import { clock, openStoreAt } from './app.ts';
import { type DatabaseServer, joinServer } from './database-server.ts';
import type { Environment } from './environment.ts';
import { registry } from './registry.ts';
import { openKeyRing } from './secrets.ts';

interface Fleet {
  ledger: BudgetLedger;
  /** Null: tokens of this process are its own. */
  tokens: TokenStore | null;
  /** Null: no database answers. */
  store: Store | null;
  close(): Promise<void>;
}

/**
 * The fleet's budgets and tokens, as they are: who only asks makes, starts and migrates no database, and does without one
 * that does not answer. Then nobody else asks the sources, as far as this process can know.
 */
async function joinFleet(environment: Environment, config: Config): Promise<Fleet> {
  const { log } = environment;
  let server: Pick<DatabaseServer, 'url' | 'release'> | null = null;
  let store: Store | null = null;
  const close = async (): Promise<void> => {
    await store?.close();
    await server?.release();
  };
  try {
    server = await joinServer(environment);
    if (server === null) return { ledger: createLocalBudgets(clock), tokens: null, store: null, close };
    store = await openStoreAt(server.url, log);
    // Whether it can be asked, and has the tables.
    await store.budgets.list(budgetAccounts(config).map(({ limits }) => limits));
    return { ledger: store.budgets, tokens: store.tokens, store, close };
  } catch (thrown) {
    await close();
    const { message } = asOutturnError(thrown);
    log.warn({ reason: environment.redactor.text(message) }, 'checked without the budgets of the fleet');
    return { ledger: createLocalBudgets(clock), tokens: null, store: null, close: async () => {} };
  }
}

/** What a source has answered: for what any HTTP source tells about itself. */
export type Observe = (response: Pick<HttpResponse, 'status' | 'headers' | 'receivedAtMs'>) => void;

/** What it takes to ask sources outside a pull. */
export interface SourceTools {
  /** Null: no database answers, nothing can be kept. */
  store: Store | null;
  context(connector: ConnectorConfig, signal: AbortSignal, observe?: Observe): ConnectorContext<unknown>;
  close(): Promise<void>;
}

export async function openSourceTools(environment: Environment, config: Config): Promise<SourceTools> {
  const fleet = await joinFleet(environment, config);
  const { redactor, log } = environment;
  const { ledger, tokens } = fleet;
  const fetch = createFetchFactory({
    redactor,
    log,
    clock,
    budgets: ledger,
    // The fleet's: a refresh token that the source replaces must not be used up behind its back.
    tokens: tokens === null ? undefined : { store: tokens, box: await openKeyRing(environment) },
    sessionOf: (kind) => registry.connectorKind(kind)?.session,
    asksAnew: true,
    instance: `${hostname()}:${process.pid}`,
  });
  const files = createFileSource({ baseDirectory: config.directory });
  const sql = createSqlSource({ baseDirectory: config.directory });
  const extract = createExtractor();
  return {
    store: fleet.store,
    context(connector, signal, observe) {
      const http = fetch.client(connector, signal);
      return {
        options: connector.options,
        http: {
          ...http,
          async request(request) {
            const response = await http.request(request);
            observe?.(response);
            return response;
          },
        },
        files,
        sql,
        extract,
        log,
        nowMs: clock.nowMs,
        signal,
      };
    },
    close: fleet.close,
  };
}
