import { expect } from 'vitest';
import { type AnyConnectorKind, type ParseContext, type ParsedPage, PermanentError, type RawPage } from '#kit';
import { connectorContext } from '../../factories/connector.ts';
import type { TestCase } from './case.ts';
import { connectorOf } from './connector-config.ts';
import { startReplayServer } from './replay-server.ts';
import { type Run, runCase } from './run-case.ts';

/** The recorded pages of a case, and what their parser is given besides. */
export async function pagesOf(
  kind: AnyConnectorKind,
  testCase: TestCase,
): Promise<{ run: Run; context: ParseContext<unknown, unknown>; stepMs: number }> {
  const { nowMs } = testCase.definition;
  const server = testCase.exchanges === null ? null : await startReplayServer(testCase.exchanges, { nowMs });
  try {
    const connector = await connectorOf(kind, testCase, server?.url ?? null);
    const run = await runCase(kind, testCase, connector);
    const streamId = testCase.definition.stream ?? connector.streams[0]?.id ?? '';
    const stream = connector.streams.find(({ id }) => id === streamId)?.options;
    const { options, extract } = connectorContext(connector.options);
    return { run, context: { options, extract, stream, streamId }, stepMs: kind.timing(stream).intervalMs };
  } finally {
    await server?.close();
  }
}

/** What a sample, a cost or a rate is known by; a second one of the same name takes the place of the first. */
export function identitiesOf({ measurements, costs, quotes = [] }: ParsedPage): Set<string> {
  return new Set([
    ...measurements.map(({ labels, atMs }) => JSON.stringify([labels, atMs])),
    ...costs.map(({ sourceKey }) => JSON.stringify(sourceKey)),
    ...quotes.map(({ base, quote, date }) => JSON.stringify([base, quote, date])),
  ]);
}

/** Whatever a page holds, its parser gives sound rows or says `source/…` for good; null: it refused. */
export async function parseSoundly(
  kind: AnyConnectorKind,
  page: RawPage,
  context: ParseContext<unknown, unknown>,
): Promise<ParsedPage | null> {
  const shown = page.body.slice(0, 2000);
  let parsed: ParsedPage;
  try {
    parsed = await kind.parse(page, context);
  } catch (thrown) {
    if (!(thrown instanceof PermanentError))
      throw new Error(`${thrown instanceof Error ? thrown.stack : String(thrown)} for ${shown}`, { cause: thrown });
    expect(thrown.code.startsWith('source/'), thrown.message).toBe(true);
    expect(thrown.message.length, 'the message repeats the page').toBeLessThan(5_000);
    return null;
  }
  // One comparison each: a page has many thousand rows.
  const unsound = [
    ...parsed.measurements.filter(
      ({ atMs, value, status }) =>
        !Number.isSafeInteger(atMs) || (value === null ? status !== 'missing' : !Number.isFinite(value)),
    ),
    ...parsed.costs.filter(
      ({ amount, postingDate, currency }) =>
        !/^-?\d+(\.\d+)?$/.test(amount) || !/^\d{4}-\d{2}-\d{2}$/.test(postingDate) || !/^[A-Z]{3}$/.test(currency),
    ),
    ...(parsed.quotes ?? []).filter(
      ({ rate, date, quote }) =>
        !/^\d+(\.\d+)?$/.test(rate) || !/^\d{4}-\d{2}-\d{2}$/.test(date) || !/^[A-Z]{3}$/.test(quote),
    ),
  ];
  expect(unsound.slice(0, 3), shown).toEqual([]);
  return parsed;
}
