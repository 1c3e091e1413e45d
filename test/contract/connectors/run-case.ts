import { join } from 'node:path';
import {
  type AnyConnectorKind,
  type CatalogEntry,
  type ConnectorConfig,
  createRedactor,
  type Finding,
  type Logger,
  type ParsedPage,
  type RawPage,
} from '#kit';
import { createExtractor } from '#src/extract/index';
import { createFetchFactory, createFileSource, createLocalBudgets, createSqlSource } from '#src/fetch/index';
import type { TestCase } from './case.ts';
import { scriptedSql } from './scripted-sql.ts';

export interface Run {
  pages: RawPage[];
  parsed: ParsedPage[];
  log: string[];
  findings: Finding[];
  entries: CatalogEntry[];
}
export const emptyRun = (): Run => ({ pages: [], parsed: [], log: [], findings: [], entries: [] });

/** One for the process: it may hold worker threads. */
const extract = createExtractor();

/**
 * Does what the case says the way the product does it, with the real fetch layer: pulls and parses, checks connector and
 * stream, or discovers. `run` fills while it goes on.
 */
export async function runCase(
  kind: AnyConnectorKind,
  testCase: TestCase,
  connector: ConnectorConfig,
  signal: AbortSignal = new AbortController().signal,
  run: Run = emptyRun(),
): Promise<Run> {
  const { definition } = testCase;
  const clock = { nowMs: () => definition.nowMs };
  const redactor = createRedactor(Object.values(definition.env));
  const log = collectingLogger(run.log, (text) => redactor.text(text));
  const streamId = definition.stream ?? connector.streams[0]?.id;
  const stream = connector.streams.find((candidate) => candidate.id === streamId);
  if (stream === undefined) throw new Error(`${testCase.name} has no stream ${streamId}`);
  const context = {
    options: connector.options,
    stream: stream.options,
    streamId: stream.id,
    http: createFetchFactory({
      redactor,
      log,
      clock,
      budgets: createLocalBudgets(clock),
      sessionOf: () => kind.session,
    }).client(connector, signal),
    files: createFileSource({ baseDirectory: join(testCase.directory, 'files') }),
    sql: testCase.queries === null ? createSqlSource() : scriptedSql(testCase.queries),
    extract,
    log,
    nowMs: clock.nowMs,
    signal,
    window: { fromMs: definition.window.from, toMs: definition.window.to },
  };
  if (definition.action === 'discover') {
    run.entries.push(...(await kind.discover(context)));
    return run;
  }
  if (definition.action === 'check') {
    run.findings.push(...(await kind.check(context)));
    if (!run.findings.some(({ level }) => level === 'error')) run.findings.push(...(await kind.checkStream(context)));
    return run;
  }
  for await (const page of kind.pull(context)) {
    run.pages.push(page);
    run.parsed.push(await kind.parse(page, context));
  }
  return run;
}

/** What came out, one thing each, as expected.jsonl writes it. */
export function outcomeLines(parsed: readonly ParsedPage[]): unknown[] {
  return parsed.flatMap((page) => [
    ...page.measurements.map(({ atMs, ...rest }) => ({
      measurement: JSON.parse(JSON.stringify({ at: new Date(atMs).toISOString(), ...rest })) as unknown,
    })),
    ...page.costs.map((cost) => ({ cost: JSON.parse(JSON.stringify(cost)) as unknown })),
    ...(page.quotes ?? []).map((quote) => ({ quote: JSON.parse(JSON.stringify(quote)) as unknown })),
    ...page.warnings.map((warning) => ({ warning })),
  ]);
}

/**
 * What came out of a case, whatever it does. Findings say `level` and `aspect` as they are; their words are compared by the
 * case's own line (`says`), so a finding that has them all is written as that line.
 */
export function caseLines({ expectedLines }: TestCase, run: Run, url = ''): unknown[] {
  const local = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value).replaceAll(url === '' ? '\0' : url, '{{url}}')) as T;
  const findings = run.findings.map(({ level, aspect, stream, message, hint, expiresAtMs }, index) => {
    const words = local(hint === undefined ? message : `${message}\n${hint}`);
    const line = expectedLines?.[index];
    const wanted = typeof line === 'object' && line !== null && 'finding' in line ? line.finding : null;
    const says =
      typeof wanted === 'object' && wanted !== null && 'says' in wanted && Array.isArray(wanted.says)
        ? wanted.says
        : null;
    const isSaid = says?.every((text) => typeof text === 'string' && words.includes(text)) === true;
    return {
      finding: {
        level,
        aspect,
        ...(stream === undefined ? {} : { stream }),
        says: isSaid ? says : [words],
        ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() }),
      },
    };
  });
  return [...outcomeLines(run.parsed), ...findings, ...run.entries.map((entry) => ({ entry: local(entry) }))];
}

function collectingLogger(lines: string[], redact: (text: string) => string): Logger {
  const write = (facts: Record<string, unknown>, message: string): void =>
    void lines.push(redact(JSON.stringify({ ...facts, message })));
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  return logger;
}
