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
import { outcomeLines, runCase } from './run-case.ts';

/** Kept of an answer; the rest (dates, connection) only makes noise. */
const KEPT_HEADERS = ['content-type', 'retry-after', 'location', 'link', 'odata-version', 'dataserviceversion'];

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
    const headers = new Headers();
    for (const name of ['content-type', 'accept', 'authorization', 'prefer'])
      if (request.headers[name] !== undefined) headers.set(name, String(request.headers[name]));
    const method = request.method === 'POST' ? 'POST' : 'GET';
    const answer = await fetch(target + (request.url ?? '/'), {
      method,
      headers,
      ...(method === 'POST' ? { body } : {}),
    });
    const text = (await answer.text()).replaceAll(target, '{{url}}');
    const address = new URL(request.url ?? '/', target);
    const kept: Record<string, string> = {};
    for (const name of KEPT_HEADERS) {
      const value = answer.headers.get(name);
      if (value !== null) kept[name] = value.replaceAll(target, '{{url}}');
    }
    const query = grouped(address.searchParams);
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
    exchanges.push({
      request: {
        method,
        path: decodeURIComponent(address.pathname),
        ...(Object.keys(query).length > 0 ? { query } : {}),
        ...(isForm ? { form: grouped(new URLSearchParams(body)) } : {}),
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
  process.stdout.write(`${run.pages.length} pages, ${outcomeLines(run.parsed).length} lines\n`);
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
