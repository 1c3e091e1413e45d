/**
 * Pulls one case from a real server and writes the exchanges into its http.jsonl:
 * node --conditions=outturn-source test/contract/connectors/record.ts connectors/<kind>/testcases/<case> http://127.0.0.1:PORT
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { asOutturnError } from '#kit';
import { type Exchange, loadCase, loadKinds } from './case.ts';
import { connectorOf } from './connector-config.ts';
import { grouped } from './replay-server.ts';
import { caseLines, runCase } from './run-case.ts';

/** Kept of an answer; the rest (connection, servers' names) only makes noise. The time is kept for checks, which compare clocks. */
const KEPT_HEADERS = ['content-type', 'retry-after', 'location', 'link', 'odata-version', 'dataserviceversion'];
/** Not passed on: they belong to the one connection. */
const OWN_HEADERS = new Set(['host', 'connection', 'content-length', 'accept-encoding', 'transfer-encoding']);

const [directory, target] = process.argv.slice(2);
if (directory === undefined || target === undefined) {
  process.stderr.write('usage: record.ts connectors/<kind>/testcases/<case> http://host:port\n');
  process.exit(2);
}
const folder = basename(dirname(dirname(resolve(directory))));
const testCase = loadCase(folder, basename(resolve(directory)));
const found = (await loadKinds()).find((entry) => entry.folder === folder);
if (found === undefined) throw new Error(`no connector ${folder}`);

const exchanges: Exchange[] = [];
const recorder = createServer((request, response) => {
  void (async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    // By itself fetch would send `*`, which is no language: SAP CAP answers 500.
    const headers = new Headers({ 'accept-language': 'en' });
    for (const [name, value] of Object.entries(request.headers))
      if (!OWN_HEADERS.has(name)) headers.set(name, String(value));
    const method = (request.method ?? 'GET') as Exchange['request']['method'];
    const answer = await fetch(target + (request.url ?? '/'), { method, headers, ...(body === '' ? {} : { body }) });
    const text = (await answer.text()).replaceAll(target, '{{url}}');
    const address = new URL(request.url ?? '/', target);
    const kept: Record<string, string> = {};
    for (const name of testCase.definition.action === 'check' ? [...KEPT_HEADERS, 'date'] : KEPT_HEADERS) {
      const value = answer.headers.get(name);
      if (value !== null) kept[name] = value.replaceAll(target, '{{url}}');
    }
    const query = grouped(address.searchParams);
    exchanges.push({
      request: {
        method,
        path: decodeURIComponent(address.pathname),
        ...(Object.keys(query).length > 0 ? { query } : {}),
        ...bodyAsWritten(request.headers['content-type'] ?? '', body),
      },
      response: { status: answer.status, headers: kept, body: text },
    });
    for (const [name, value] of Object.entries(kept)) response.setHeader(name, value);
    response.writeHead(answer.status).end(text.replaceAll('{{url}}', `http://${request.headers.host}`));
  })();
});
await new Promise<void>((done) => recorder.listen(0, '127.0.0.1', done));
const url = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`;
try {
  const run = await runCase(found.kind, testCase, await connectorOf(found.kind, testCase, url));
  process.stdout.write(`${run.pages.length} pages, ${caseLines(testCase, run).length} lines\n`);
} catch (thrown) {
  const error = asOutturnError(thrown);
  process.stdout.write(`${error.code}: ${error.message}\n`);
}
recorder.close();
recorder.closeAllConnections();
writeFileSync(
  join(testCase.directory, 'http.jsonl'),
  exchanges.map((exchange) => `${JSON.stringify(exchange)}\n`).join(''),
);

function bodyAsWritten(contentType: string, body: string): Partial<Exchange['request']> {
  if (body === '') return {};
  if (contentType.startsWith('application/x-www-form-urlencoded')) return { form: grouped(new URLSearchParams(body)) };
  return contentType.includes('json') ? { json: JSON.parse(body) as unknown } : { text: body };
}
