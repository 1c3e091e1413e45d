import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { asOutturnError, PermanentError, RetryableError } from '#kit';
import { casesOf } from './base-case.ts';
import { bodyOf, caseNames, connectorsDirectory, loadCase, loadKinds, type TestCase } from './case.ts';
import { pagesOf } from './case-pages.ts';
import { configOf, connectorOf } from './connector-config.ts';
import { startReplayServer } from './replay-server.ts';
import { caseLines, emptyRun, type Run, runCase } from './run-case.ts';
import { sentCasesOf } from './sent-case.ts';

const kinds = await loadKinds();
const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});
const updating = process.env['UPDATE_EXPECTED'] === '1';

describe.each(kinds)('connectors/$folder', ({ folder, kind }) => {
  const home = join(connectorsDirectory, folder);

  it('has the name of its folder, a README that begins with it, a sample and a testcase', () => {
    expect(kind.kind).toBe(folder);
    expect(kind.summary.length).toBeGreaterThan(10);
    expect(readFileSync(join(home, 'README.md'), 'utf8')).toMatch(new RegExp(`^# .*${folder}`, 'i'));
    expect(existsSync(join(home, 'sample.yaml'))).toBe(true);
    const names = kind.capabilities.pull === false ? sentCasesOf(folder) : caseNames(folder);
    expect(names.length).toBeGreaterThan(0);
  });

  const cases = casesOf(folder);
  it.runIf(cases.length > 0)('names of each exchange the page that documents it, or where it was recorded', () => {
    const unfounded = cases
      .filter(({ exchanges }) => exchanges !== null)
      .filter(({ definition }) => !/^recorded from |https?:\/\//.test(definition.source))
      .map(({ name, definition }) => `${name}: ${definition.source}`);
    expect(unfounded).toEqual([]);
  });

  it.runIf(cases.some(({ exchanges }) => exchanges !== null))('has a case of an error that the source answers', () => {
    expect(cases.filter(({ exchanges, expectedError }) => exchanges !== null && expectedError !== null)).not.toEqual(
      [],
    );
  });

  it.runIf(cases.some(isPull))('has a case of several pages, unless one answer always holds all', async () => {
    const mostPages: number[] = [];
    for (const testCase of cases.filter((each) => isPull(each) && each.expectedLines !== null)) {
      const { run } = await pagesOf(kind, testCase);
      mostPages.push(run.pages.length);
      if (run.pages.length > 1) return;
    }
    const connector = await connectorOf(kind, cases[0] as TestCase, 'http://127.0.0.1:1');
    const decade = { fromMs: Date.UTC(2016, 0), toMs: Date.UTC(2026, 0) };
    const requests = connector.streams.map(({ options }) => kind.extent?.(options, decade).requests ?? null);
    for (const count of requests)
      expect(count ?? 2, `no case has a second page (${mostPages.join(', ')})`).toBeLessThan(2);
  });

  const empty = cases.find(
    (each) =>
      isPull(each) &&
      each.exchanges?.length === 1 &&
      each.expectedLines?.every((line) => typeof line === 'object' && line !== null && 'warning' in line),
  );
  it.runIf(empty !== undefined).each([
    ['over the hour that Berlin leaves out', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
    ['over the hour that Berlin has twice', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
    ['of a day in Kathmandu (+05:45)', '2026-06-18T18:15:00Z', '2026-06-19T18:15:00Z'],
    ['over a leap day', '2028-02-28T00:00:00Z', '2028-03-01T00:00:00Z'],
    ['of a single millisecond', '2026-06-18T11:59:59.999Z', '2026-06-18T12:00:00Z'],
    ['without a length', '2026-06-18T12:00:00Z', '2026-06-18T12:00:00Z'],
  ])('reads a window %s to its end, and nothing where nothing is', async (_, from, to) => {
    const testCase = empty as TestCase;
    const window = { from: Date.parse(from), to: Date.parse(to) };
    const moved = { ...testCase, definition: { ...testCase.definition, window, nowMs: window.to } };
    const [answer] = testCase.exchanges ?? [];
    let requests = 0;
    const server = await startReplayServer([], {
      fault: (_index, response) => {
        requests += 1;
        response
          .writeHead(200, { 'content-type': 'application/json', ...answer?.response.headers })
          .end(answer === undefined ? '' : bodyOf(answer));
        return true;
      },
    });
    try {
      const run = await runCase(kind, moved, await connectorOf(kind, moved, server.url));
      expect(
        run.parsed.flatMap(({ measurements, costs, quotes = [] }) => [measurements, costs, quotes].flat()),
      ).toEqual([]);
      expect(requests).toBeLessThan(200);
    } finally {
      await server.close();
    }
  });

  it('has a sample that is valid configuration', async () => {
    const sample = readFileSync(join(home, 'sample.yaml'), 'utf8');
    const env = Object.fromEntries(
      [...sample.matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => [name ?? '', 'value-of-env']),
    );
    const { connectors } = await configOf(kind, sample, env);
    expect(connectors.map((connector) => connector.kind)).toEqual(connectors.map(() => kind.kind));
    expect(connectors.length).toBeGreaterThan(0);
  });

  it.each(caseNames(folder))('replays %s', async (name) => {
    const testCase = loadCase(folder, name);
    // The case says all there is to know: neither the zone of this machine nor its clock changes anything. +12:45, in summer +13:45.
    process.env['TZ'] = 'Pacific/Chatham';
    const { nowMs } = testCase.definition;
    const server = testCase.exchanges === null ? null : await startReplayServer(testCase.exchanges, { nowMs });
    const connector = await connectorOf(kind, testCase, server?.url ?? null);
    const run = emptyRun();
    let thrown: unknown = null;
    try {
      await runCase(kind, testCase, connector, undefined, run);
    } catch (error) {
      thrown = error;
    } finally {
      await server?.close();
    }
    expect(server?.problems ?? []).toEqual([]);
    expect(revealed(testCase, run, thrown)).toEqual([]);
    expect(server?.seen.length ?? 0).toBe(testCase.exchanges?.length ?? 0);
    if (updating && testCase.expectedLines === null && testCase.expectedError === null)
      return writeExpected(testCase, caseLines(testCase, run, server?.url), thrown);

    if (testCase.expectedError === null) {
      if (thrown !== null) throw thrown;
      expect(testCase.expectedLines, 'expected.jsonl or expected.err is missing').not.toBeNull();
      expect(caseLines(testCase, run, server?.url)).toEqual(testCase.expectedLines);
      for (const { id, stream } of run.entries)
        expect(kind.stream.safeParse(stream).error?.issues, `the stream of ${id}`).toBeUndefined();
      return;
    }
    expect(thrown, 'an error was expected').not.toBeNull();
    const error = asOutturnError(thrown);
    expect(error.code, error.message).toBe(testCase.expectedError.code);
    expect(error).toBeInstanceOf(testCase.expectedError.retryable ? RetryableError : PermanentError);
    for (const text of testCase.expectedError.says) expect(`${error.message}\n${error.hint ?? ''}`).toContain(text);
    if (testCase.expectedError.retryAfterMs !== undefined)
      expect(error).toHaveProperty('retryAfterMs', testCase.expectedError.retryAfterMs);
  });
});

const isPull = ({ definition }: TestCase): boolean => definition.action === 'pull';

/** Values of the case's environment that stand anywhere in what people see, plain or encoded. */
function revealed({ definition: { env } }: TestCase, run: Run, thrown: unknown): string[] {
  const error = thrown === null ? null : asOutturnError(thrown);
  const shown = [
    JSON.stringify([run.log, run.findings, run.entries, run.parsed.map(({ warnings }) => warnings)]),
    JSON.stringify(run.pages.map(({ request, meta }) => ({ request, meta }))),
    JSON.stringify([error?.message, error?.hint, error?.facts, error?.stack]),
  ].join('\n');
  return Object.values(env)
    .filter((secret) => secret.length >= 4)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      JSON.stringify(secret).slice(1, -1),
    ])
    .filter((form) => shown.includes(form));
}

function writeExpected(testCase: TestCase, lines: unknown[], thrown: unknown): void {
  if (thrown === null) {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(join(testCase.directory, 'expected.jsonl'), text);
    return;
  }
  const error = asOutturnError(thrown);
  const expected = { code: error.code, retryable: error instanceof RetryableError, says: [error.message] };
  writeFileSync(join(testCase.directory, 'expected.err'), `${JSON.stringify(expected)}\n`);
}
