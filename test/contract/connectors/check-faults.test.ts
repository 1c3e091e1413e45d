import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Finding, OutturnError } from '#kit';
import { baseCaseOf } from './base-case.ts';
import { loadKinds, type TestCase } from './case.ts';
import { connectorOf } from './connector-config.ts';
import { startReplayServer } from './replay-server.ts';
import { emptyRun, type Run, runCase } from './run-case.ts';

const kinds = (await loadKinds()).flatMap(({ folder, kind }) => {
  const base = baseCaseOf(folder);
  return base === null ? [] : [{ folder, kind, base }];
});
const answers =
  (status: number, body: string, type = 'application/json') =>
  (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': type }).end(body);

/** Each with the codes that may be said of it; findings of level error say it in their own words. */
const faults: { fault: string; answer: (response: ServerResponse) => void; codes: RegExp }[] = [
  { fault: 'a 401', answer: answers(401, '{"error":"no"}'), codes: /unauthorised/ },
  { fault: 'a 403', answer: answers(403, '{"error":"no"}'), codes: /forbidden|unauthorised/ },
  { fault: 'a 404', answer: answers(404, '{"error":"no"}'), codes: /not-found/ },
  { fault: 'a 429', answer: answers(429, '{"error":"slow down"}'), codes: /rate-limited/ },
  { fault: 'a 500', answer: answers(500, 'broken', 'text/plain'), codes: /server-error/ },
  {
    fault: 'a login page',
    answer: answers(200, '<!doctype html><title>Sign in</title>', 'text/html'),
    codes: /not-json|bad-shape|unauthorised/,
  },
  { fault: 'an empty body', answer: answers(200, ''), codes: /empty-answer|not-json|bad-shape/ },
  { fault: 'half a JSON document', answer: answers(200, '{"a":'), codes: /not-json|bad-shape|partial/ },
  { fault: 'other JSON than documented', answer: answers(200, '[[42]]'), codes: /bad-shape|not-json/ },
  { fault: 'a connection that breaks', answer: (response) => void response.destroy(), codes: /unreachable/ },
];

// With OUTTURN_CONNECTOR none of the folders may be of this sort: a file without a test would fail.
it.runIf(kinds.length === 0)('has no folder to walk', () => {});

describe.each(kinds)('connectors/$folder asked by an operator while the source misbehaves', ({ kind, base }) => {
  const { connector, streams = {} } = {
    connector: base.testCase.definition.connector,
    ...base.testCase.definition.connector,
  };
  const stream = base.testCase.definition.stream ?? Object.keys(streams)[0];

  async function ask(
    action: 'check' | 'discover',
    answer: (response: ServerResponse) => void,
  ): Promise<{ run: Run; thrown: unknown }> {
    const testCase: TestCase = {
      ...base.testCase,
      expectedLines: null,
      definition: { ...base.testCase.definition, action, stream, connector },
    };
    const server = await startReplayServer([], {
      nowMs: testCase.definition.nowMs,
      fault: (_index, response) => {
        answer(response);
        return true;
      },
    });
    const run = emptyRun();
    try {
      await runCase(kind, testCase, await connectorOf(kind, testCase, server.url), undefined, run);
      return { run, thrown: null };
    } catch (thrown) {
      return { run, thrown };
    } finally {
      await server.close();
    }
  }

  it.each(faults)('check says what is wrong with $fault', async ({ answer, codes }) => {
    const { run, thrown } = await ask('check', answer);
    const errors = run.findings.filter(({ level }: Finding) => level === 'error');
    if (errors.length > 0) {
      for (const { aspect, message } of errors) expect(`${aspect} ${message}`.length).toBeGreaterThan(12);
      return;
    }
    expect(thrown, `check passes: ${JSON.stringify(run.findings)}`).toBeInstanceOf(OutturnError);
    expect((thrown as OutturnError).code).toMatch(codes);
  });

  it.runIf(kind.capabilities.discover).each(faults)('discover refuses $fault', async ({ answer, codes }) => {
    const { run, thrown } = await ask('discover', answer);
    expect(thrown, `discovers ${JSON.stringify(run.entries).slice(0, 300)}`).toBeInstanceOf(OutturnError);
    expect((thrown as OutturnError).code).toMatch(codes);
  });
});
