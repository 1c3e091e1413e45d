import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { asOutturnError, type Config, type ConnectorConfig, type Finding } from '#kit';
import { createFetchFactory, createFileSource, createLocalBudgets } from '#src/fetch/index';
import { clock, openDatabase } from './app.ts';
import type { Environment } from './environment.ts';
import { registry } from './registry.ts';

export interface ConnectorFindings {
  connector: string;
  kind: string;
  findings: Finding[];
}

/** A check must not make a database, but shares the budgets of one that is there. */
async function hasDatabase({ databaseUrl, dataDirectory }: Environment): Promise<boolean> {
  if (databaseUrl !== null) return true;
  return (await stat(path.join(dataDirectory, 'postgres')).catch(() => null)) !== null;
}

/** Tries each connector and each of its streams for real; what fails is a finding, never an exception. */
export async function checkConnectors(
  environment: Environment,
  config: Config,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ConnectorFindings[]> {
  const wanted = config.connectors.filter((connector) => ids.length === 0 || ids.includes(connector.id));
  const database = (await hasDatabase(environment)) ? await openDatabase(environment) : null;
  // Without a database nobody else asks the sources.
  const budgets = database?.store.budgets ?? createLocalBudgets(clock);
  const { redactor, log } = environment;
  const fetch = createFetchFactory({ redactor, log, clock, budgets, instance: `${hostname()}:${process.pid}` });
  const files = createFileSource({ baseDirectory: config.directory });
  try {
    return await Promise.all(
      wanted.map(async (connector) => ({
        connector: connector.id,
        kind: connector.kind,
        findings: await check(connector),
      })),
    );
  } finally {
    await database?.close();
  }

  async function check(connector: ConnectorConfig): Promise<Finding[]> {
    const kind = registry.connectorKind(connector.kind);
    if (kind === undefined)
      return [{ level: 'error', aspect: 'kind', message: `There is no connector kind "${connector.kind}".` }];
    const context = {
      options: connector.options,
      http: fetch.client(connector, signal),
      files,
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
