import { hostname } from 'node:os';
import {
  asOutturnError,
  type BudgetLedger,
  budgetAccounts,
  type Config,
  type ConnectorConfig,
  type Finding,
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

export interface ConnectorFindings {
  connector: string;
  kind: string;
  findings: Finding[];
}

interface Budgets {
  ledger: BudgetLedger;
  /** Null: tokens of this check are its own. */
  tokens: TokenStore | null;
  close(): Promise<void>;
}

/**
 * The fleet's budgets, as they are: a check makes, starts and migrates no database, and is made without one that does not
 * answer. Then nobody else asks the sources, as far as this process can know.
 */
async function openBudgets(environment: Environment, config: Config): Promise<Budgets> {
  const { log } = environment;
  let server: Pick<DatabaseServer, 'url' | 'release'> | null = null;
  let store: Store | null = null;
  const close = async (): Promise<void> => {
    await store?.close();
    await server?.release();
  };
  try {
    server = await joinServer(environment);
    if (server === null) return { ledger: createLocalBudgets(clock), tokens: null, close };
    store = await openStoreAt(server.url, log);
    // Whether it can be asked, and has the tables.
    await store.budgets.list(budgetAccounts(config).map(({ limits }) => limits));
    return { ledger: store.budgets, tokens: store.tokens, close };
  } catch (thrown) {
    await close();
    const { message } = asOutturnError(thrown);
    log.warn({ reason: environment.redactor.text(message) }, 'checked without the budgets of the fleet');
    return { ledger: createLocalBudgets(clock), tokens: null, close: async () => {} };
  }
}

/** Tries each connector and each of its streams for real; what fails is a finding, never an exception. */
export async function checkConnectors(
  environment: Environment,
  config: Config,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ConnectorFindings[]> {
  const wanted = config.connectors.filter((connector) => ids.length === 0 || ids.includes(connector.id));
  const budgets = await openBudgets(environment, config);
  const { redactor, log } = environment;
  const instance = `${hostname()}:${process.pid}`;
  const { ledger, tokens } = budgets;
  const fetch = createFetchFactory({
    redactor,
    log,
    clock,
    budgets: ledger,
    // The fleet's: a refresh token that the source replaces must not be used up behind its back.
    tokens: tokens === null ? undefined : { store: tokens, box: await openKeyRing(environment) },
    sessionOf: (kind) => registry.connectorKind(kind)?.session,
    asksAnew: true,
    instance,
  });
  const files = createFileSource({ baseDirectory: config.directory });
  const sql = createSqlSource();
  const extract = createExtractor();
  try {
    return await Promise.all(
      wanted.map(async (connector) => ({
        connector: connector.id,
        kind: connector.kind,
        findings: await check(connector),
      })),
    );
  } finally {
    await budgets.close();
  }

  async function check(connector: ConnectorConfig): Promise<Finding[]> {
    const kind = registry.connectorKind(connector.kind);
    if (kind === undefined)
      return [{ level: 'error', aspect: 'kind', message: `There is no connector kind "${connector.kind}".` }];
    if (connector.unreadable !== undefined) {
      const { code, message, hint } = connector.unreadable;
      return [{ level: 'error', aspect: code, message: environment.redactor.text(message), hint }];
    }
    const context = {
      options: connector.options,
      http: fetch.client(connector, signal),
      files,
      sql,
      extract,
      log: environment.log,
      nowMs: clock.nowMs,
      signal,
    };
    const findings = await asFindings(() => kind.check(context));
    if (findings.some((finding) => finding.level === 'error')) return findings;
    for (const stream of connector.streams)
      findings.push(
        ...(await asFindings(
          () => kind.checkStream({ ...context, stream: stream.options, streamId: stream.id }),
          stream.id,
        )),
      );
    return findings;
  }

  async function asFindings(run: () => Promise<Finding[]>, stream?: string): Promise<Finding[]> {
    try {
      return await run();
    } catch (thrown) {
      const error = asOutturnError(thrown);
      return [
        {
          level: 'error',
          aspect: error.code,
          stream,
          message: environment.redactor.text(error.message),
          hint: error.hint,
        },
      ];
    }
  }
}
