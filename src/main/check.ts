import { stat } from 'node:fs/promises';
import path from 'node:path';
import {
  asOutturnError,
  type Config,
  type ConnectorConfig,
  type Finding,
  formatDurationMs,
  type HttpResponse,
  type Store,
} from '#kit';
import { clock, openStoreAt } from './app.ts';
import { certificateFinding } from './certificate.ts';
import { type DatabaseServer, openServer } from './database-server.ts';
import type { Environment } from './environment.ts';
import { pushFindings } from './push-findings.ts';
import { registry } from './registry.ts';
import { openSourceTools, type SourceTools } from './source-tools.ts';

export interface ConnectorFindings {
  connector: string;
  kind: string;
  durationMs: number;
  findings: Finding[];
}
/** What is tried at the moment; `stream` null: the connector itself. */
export interface CheckProgress {
  connector: string;
  stream: string | null;
}
export interface CheckOptions {
  /** A connector that takes longer is given up, with what was found until then. */
  timeoutMs: number;
  onProgress?: ((progress: CheckProgress) => void) | undefined;
  /** One connector is done. They are tried side by side, so in any order. */
  onDone?: ((findings: ConnectorFindings) => void) | undefined;
}

/** A whole second is lost in the `Date` header, and a pull reads back further than this anyway. */
const TOLERATED_CLOCK_DIFFERENCE_MS = 30_000;

/**
 * Tries each connector and each of its streams for real; what fails is a finding, never an exception. Results are in the
 * order of the configuration. What was found is kept for `outturn connectors` where a database answers.
 */
export async function checkConnectors(
  environment: Environment,
  config: Config,
  ids: readonly string[],
  signal: AbortSignal,
  options: CheckOptions = { timeoutMs: 10 * 60_000 },
): Promise<ConnectorFindings[]> {
  const wanted = config.connectors.filter((connector) => ids.length === 0 || ids.includes(connector.id));
  const tools = await openSourceTools(environment, config);
  try {
    const results = await Promise.all(
      wanted.map(async (connector): Promise<ConnectorFindings> => {
        const startedAtMs = clock.nowMs();
        const findings = await checkOne(environment, tools, connector, signal, options);
        const durationMs = clock.nowMs() - startedAtMs;
        const result = { connector: connector.id, kind: connector.kind, durationMs, findings };
        options.onDone?.(result);
        return result;
      }),
    );
    if (!signal.aborted) await keep(environment, tools, results);
    return results;
  } finally {
    await tools.close();
  }
}

async function checkOne(
  environment: Environment,
  tools: SourceTools,
  connector: ConnectorConfig,
  outer: AbortSignal,
  { timeoutMs, onProgress }: CheckOptions,
): Promise<Finding[]> {
  const kind = registry.connectorKind(connector.kind);
  if (connector.unreadable !== undefined) {
    const { code, message, hint } = connector.unreadable;
    return [{ level: 'error', aspect: code, message: environment.redactor.text(message), hint }];
  }
  if (kind === undefined)
    return [{ level: 'error', aspect: 'kind', message: `There is no connector kind "${connector.kind}".` }];
  const timer = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([outer, timer]);
  const answers: Answer[] = [];
  const context = tools.context(connector, signal, ({ headers, receivedAtMs }) => {
    if (answers.length < 20) answers.push({ headers, receivedAtMs });
  });
  const redact = environment.redactor.text;
  const asFindings = async (run: () => Promise<Finding[]>, stream?: string): Promise<Finding[]> => {
    try {
      return await run();
    } catch (thrown) {
      if (timer.aborted && !outer.aborted)
        return [
          {
            level: 'error',
            aspect: 'source/timeout',
            stream,
            message: `Not done after ${formatDurationMs(timeoutMs)}; given up.`,
            hint: 'Give it longer by --timeout, or look why the source answers so slowly.',
          },
        ];
      const { code, message, hint } = asOutturnError(thrown);
      return [{ level: 'error', aspect: code, stream, message: redact(message), hint }];
    }
  };

  onProgress?.({ connector: connector.id, stream: null });
  const findings = await asFindings(() => kind.check(context));
  const clockFound = findings.some(({ aspect }) => aspect === 'clock') ? null : clockFinding(answers);
  if (clockFound !== null) findings.push(clockFound);
  const certificate = await certificateFinding(connector, { nowMs: clock.nowMs(), signal });
  // What refused the connection says more than the days that it is still good.
  if (certificate !== null && !findings.some(({ aspect }) => aspect === 'source/tls' || aspect === 'tls'))
    findings.push(certificate);
  if (findings.some((finding) => finding.level === 'error' && finding.aspect !== 'tls')) return findings;
  if (kind.capabilities.pull === false) {
    // There is nobody to ask: what came and when the store knows.
    const { store } = tools;
    findings.push(...(await asFindings(() => pushFindings(connector, { store, nowMs: clock.nowMs() }))));
    return findings;
  }
  for (const stream of connector.streams) {
    onProgress?.({ connector: connector.id, stream: stream.id });
    const tried = () => kind.checkStream({ ...context, stream: stream.options, streamId: stream.id });
    findings.push(...(await asFindings(tried, stream.id)));
    if (signal.aborted) break;
  }
  return findings;
}

type Answer = Pick<HttpResponse, 'headers' | 'receivedAtMs'>;

/** By the `Date` header, which nearly every server sends; null where none came, or only out of a cache. */
function clockFinding(answers: readonly Answer[]): Finding | null {
  const differences = answers.flatMap(({ headers, receivedAtMs }) => {
    const sourceMs = Date.parse(headers['date'] ?? '');
    return Number.isNaN(sourceMs) || Number(headers['age'] ?? 0) > 0 ? [] : [sourceMs - receivedAtMs];
  });
  if (differences.length === 0) return null;
  // An answer that took long makes the clock look slow: the least difference is nearest to the truth.
  const differenceMs = differences.reduce((best, each) => (Math.abs(each) < Math.abs(best) ? each : best));
  const apart = formatDurationMs(Math.round(Math.abs(differenceMs) / 1000) * 1000);
  if (Math.abs(differenceMs) <= TOLERATED_CLOCK_DIFFERENCE_MS)
    return { level: 'ok', aspect: 'clock', message: `The clocks agree (${apart} apart by its Date header).` };
  return {
    level: 'warning',
    aspect: 'clock',
    message: `The clock of the source is ${apart} ${differenceMs > 0 ? 'ahead' : 'behind'}.`,
    hint: 'Synchronise both machines (NTP), or raise lookback and finalAfter by that much.',
  };
}

const hasEmbeddedData = async ({ databaseUrl, dataDirectory }: Environment): Promise<boolean> =>
  databaseUrl === null && (await stat(path.join(dataDirectory, 'postgres')).catch(() => null)) !== null;

async function keep(
  environment: Environment,
  tools: SourceTools,
  results: readonly ConnectorFindings[],
): Promise<void> {
  let server: DatabaseServer | null = null;
  let own: Store | null = null;
  try {
    // Nobody runs the embedded server: where there are data, it is started for as long as this takes.
    if (tools.store === null && (await hasEmbeddedData(environment))) {
      server = await openServer(environment);
      own = await openStoreAt(server.url, environment.log);
    }
    const store = tools.store ?? own;
    if (store === null) return;
    for (const { connector, durationMs, findings } of results)
      await store.connectors.saveCheck({ connector, checkedAtMs: clock.nowMs(), durationMs, findings });
  } catch (thrown) {
    const { message } = asOutturnError(thrown);
    environment.log.warn({ reason: environment.redactor.text(message) }, 'what was found could not be kept');
  } finally {
    await own?.close();
    await server?.release();
  }
}
