import { join } from 'node:path';
import {
  type AnyConnectorKind,
  type ConnectorConfig,
  createRedactor,
  type Logger,
  type ParsedPage,
  type RawPage,
} from '#kit';
import { createExtractor } from '#src/extract/index';
import { createFetchFactory, createFileSource, createLocalBudgets, createSqlSource } from '#src/fetch/index';
import type { TestCase } from './case.ts';

export interface Run {
  pages: RawPage[];
  parsed: ParsedPage[];
  log: string[];
}

/** Pulls and parses one case the way the pull runner does, with the real fetch layer. `run` fills while it goes on. */
export async function runCase(
  kind: AnyConnectorKind,
  testCase: TestCase,
  connector: ConnectorConfig,
  signal: AbortSignal = new AbortController().signal,
  run: Run = { pages: [], parsed: [], log: [] },
): Promise<Run> {
  const { definition } = testCase;
  const nowMs = definition.now ?? definition.window.to;
  const clock = { nowMs: () => nowMs };
  const redactor = createRedactor(Object.values(definition.env));
  const log = collectingLogger(run.log, (text) => redactor.text(text));
  const streamId = definition.stream ?? connector.streams[0]?.id;
  const stream = connector.streams.find((candidate) => candidate.id === streamId);
  if (stream === undefined) throw new Error(`${testCase.name} has no stream ${streamId}`);
  const context = {
    options: connector.options,
    stream: stream.options,
    streamId: stream.id,
    http: createFetchFactory({ redactor, log, clock, budgets: createLocalBudgets(clock) }).client(connector, signal),
    files: createFileSource({ baseDirectory: join(testCase.directory, 'files') }),
    sql: createSqlSource(),
    extract: createExtractor(),
    log,
    nowMs: clock.nowMs,
    signal,
    window: { fromMs: definition.window.from, toMs: definition.window.to },
  };
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

function collectingLogger(lines: string[], redact: (text: string) => string): Logger {
  const write = (facts: Record<string, unknown>, message: string): void =>
    void lines.push(redact(JSON.stringify({ ...facts, message })));
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  return logger;
}
