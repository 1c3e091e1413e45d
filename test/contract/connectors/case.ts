import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { type AnyConnectorKind, errorCodes } from '#kit';

export const connectorsDirectory = join(import.meta.dirname, '../../../connectors');

/** A date-time of a case, as ms. */
export const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const caseSchema = z
  .strictObject({
    title: z.string().min(1),
    source: z.string().min(1),
    action: z.enum(['pull', 'check', 'discover']).default('pull'),
    now: instant.optional(),
    window: z.strictObject({ from: instant, to: instant }).optional(),
    stream: z.string().optional(),
    env: z.record(z.string(), z.string()).default({}),
    urlPath: z.string().default(''),
    connector: z.looseObject({ kind: z.string(), streams: z.record(z.string(), z.looseObject({})) }),
  })
  .transform(({ now, window, ...rest }, ctx) => {
    const nowMs = now ?? window?.to;
    if (nowMs !== undefined && (window !== undefined || rest.action !== 'pull'))
      return { ...rest, nowMs, window: window ?? { from: nowMs, to: nowMs } };
    ctx.addIssue({ code: 'custom', message: 'a pull needs window, check and discover need now' });
    return z.NEVER;
  });

/** Equal, or a text in which a regular expression is found. */
const text = z.union([z.string(), z.strictObject({ matches: z.string() })]);
const oneOrMore = z.union([text, z.array(z.string())]);
const exchangeSchema = z.strictObject({
  request: z.strictObject({
    method: z.enum(['GET', 'POST', 'HEAD', 'PUT', 'DELETE']),
    path: z.string().startsWith('/'),
    query: z.record(z.string(), oneOrMore).optional(),
    form: z.record(z.string(), oneOrMore).optional(),
    json: z.unknown().optional(),
    text: text.optional(),
    /** Null: the header must not be there. */
    headers: z.record(z.string(), text.nullable()).optional(),
  }),
  response: z.strictObject({
    status: z.int().default(200),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.string().optional(),
    json: z.unknown().optional(),
    base64: z.base64().optional(),
    bodyFile: z.string().optional(),
  }),
});
export type Exchange = z.output<typeof exchangeSchema>;

const queriesSchema = z.strictObject({
  query: z.strictObject({ text: text.optional(), parameters: z.array(z.unknown()).optional() }),
  fields: z.array(z.strictObject({ name: z.string(), type: z.string() })).default([]),
  batches: z.array(z.array(z.array(z.string().nullable()))).default([[]]),
  error: z.strictObject({ code: z.enum(errorCodes), message: z.string(), retryable: z.boolean() }).optional(),
});
/** One query to a database and what it answers. */
export type ScriptedQuery = z.output<typeof queriesSchema>;

const errorSchema = z.strictObject({
  code: z.string(),
  retryable: z.boolean(),
  says: z.array(z.string()),
  retryAfterMs: z.number().optional(),
});

export interface TestCase {
  name: string;
  directory: string;
  definition: z.output<typeof caseSchema>;
  /** Null where nobody is asked by HTTP. */
  exchanges: Exchange[] | null;
  /** Null where no database is asked. */
  queries: ScriptedQuery[] | null;
  expectedLines: unknown[] | null;
  expectedError: z.output<typeof errorSchema> | null;
}

/** Every kind under connectors/, by its one export that is a connector; with OUTTURN_CONNECTOR=a,b those folders alone. */
export async function loadKinds(): Promise<{ folder: string; kind: AnyConnectorKind }[]> {
  const found: { folder: string; kind: AnyConnectorKind }[] = [];
  const wanted = process.env['OUTTURN_CONNECTOR']?.split(',');
  for (const folder of readdirSync(connectorsDirectory).sort()) {
    if (wanted !== undefined && !wanted.includes(folder)) continue;
    if (!existsSync(join(connectorsDirectory, folder, 'index.ts'))) continue;
    const module: Record<string, unknown> = await import(join(connectorsDirectory, folder, 'index.ts'));
    const kinds = Object.values(module).filter(isKind);
    if (kinds.length !== 1 || kinds[0] === undefined)
      throw new Error(
        `connectors/${folder}/index.ts must export exactly one connector kind, it exports ${kinds.length}`,
      );
    found.push({ folder, kind: kinds[0] });
  }
  return found;
}

function isKind(value: unknown): value is AnyConnectorKind {
  return typeof value === 'object' && value !== null && 'kind' in value && 'pull' in value && 'parse' in value;
}

/** Cases of what is pulled, checked or discovered; those of what is sent to us have a `sent.jsonl` (sent-case.ts). */
export function caseNames(folder: string): string[] {
  const directory = join(connectorsDirectory, folder, 'testcases');
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !existsSync(join(directory, entry.name, 'sent.jsonl')))
    .map((entry) => entry.name)
    .sort();
}

export function loadCase(folder: string, name: string): TestCase {
  const directory = join(connectorsDirectory, folder, 'testcases', name);
  const read = (file: string): string | null =>
    existsSync(join(directory, file)) ? readFileSync(join(directory, file), 'utf8') : null;
  const lines = (text: string): unknown[] =>
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line): unknown => JSON.parse(line));
  const config = read('config.yaml');
  if (config === null) throw new Error(`${directory} has no config.yaml`);
  const http = read('http.jsonl');
  const sql = read('sql.jsonl');
  const expected = read('expected.jsonl');
  const expectedError = read('expected.err');
  return {
    name,
    directory,
    definition: caseSchema.parse(parseYaml(config)),
    exchanges:
      http === null
        ? null
        : z
            .array(exchangeSchema)
            .parse(lines(http))
            .map((each) => withFile(each, directory)),
    queries: sql === null ? null : z.array(queriesSchema).parse(lines(sql)),
    expectedLines: expected === null ? null : lines(expected),
    expectedError: expectedError === null ? null : errorSchema.parse(JSON.parse(expectedError)),
  };
}

/** Large answers lie in a file of their own; from here on they are like any other. */
function withFile({ request, response: { bodyFile, ...response } }: Exchange, directory: string): Exchange {
  return bodyFile === undefined
    ? { request, response }
    : { request, response: { ...response, body: readFileSync(join(directory, bodyFile), 'utf8') } };
}

/** The body that an exchange answers with, `{{url}}` still in it. */
export function bodyOf(exchange: Exchange): string {
  if (exchange.response.base64 !== undefined) return Buffer.from(exchange.response.base64, 'base64').toString('latin1');
  return exchange.response.body ?? (exchange.response.json === undefined ? '' : JSON.stringify(exchange.response.json));
}
