import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asOutturnError, PermanentError, RetryableError } from '#kit';
import { caseNames, connectorsDirectory, loadCase, loadKinds, type TestCase } from './case.ts';
import { configOf, connectorOf } from './connector-config.ts';
import { startReplayServer } from './replay-server.ts';
import { caseLines, emptyRun, runCase } from './run-case.ts';

const kinds = await loadKinds();
const updating = process.env['UPDATE_EXPECTED'] === '1';

describe.each(kinds)('connectors/$folder', ({ folder, kind }) => {
  const home = join(connectorsDirectory, folder);

  it('has the name of its folder, a README that begins with it, a sample and a testcase', () => {
    expect(kind.kind).toBe(folder);
    expect(kind.summary.length).toBeGreaterThan(10);
    expect(readFileSync(join(home, 'README.md'), 'utf8')).toMatch(new RegExp(`^# .*${folder}`, 'i'));
    expect(existsSync(join(home, 'sample.yaml'))).toBe(true);
    expect(caseNames(folder).length).toBeGreaterThan(0);
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
