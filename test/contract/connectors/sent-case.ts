import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { connectorsDirectory, instant } from './case.ts';

const definitionSchema = z.strictObject({
  title: z.string().min(1),
  source: z.string().min(1),
  now: instant,
  until: instant.optional(),
  env: z.record(z.string(), z.string()).default({}),
  connector: z.looseObject({ kind: z.string(), streams: z.record(z.string(), z.looseObject({})) }),
});

const bodies = {
  json: z.unknown(),
  ndjson: z.array(z.unknown()),
  text: z.string(),
  base64: z.base64(),
  bodyFile: z.string(),
  remoteWrite: z.union([
    z.strictObject({ 'prometheus.WriteRequest': z.looseObject({}) }),
    z.strictObject({ 'io.prometheus.write.v2.Request': z.looseObject({}) }),
  ]),
};
const sentSchema = z.strictObject({
  now: instant.optional(),
  request: z
    .strictObject({
      method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).default('POST'),
      path: z.string().startsWith('/'),
      headers: z.record(z.string(), z.string().nullable()).default({}),
      gzip: z.boolean().default(false),
      ...z.object(bodies).partial().shape,
    })
    .refine((request) => Object.keys(bodies).filter((body) => body in request).length <= 1, {
      error: 'has more than one body',
    }),
  response: z.strictObject({
    status: z.int(),
    headers: z.record(z.string(), z.union([z.string(), z.strictObject({ matches: z.string() })])).default({}),
    json: z.unknown().optional(),
    says: z.array(z.string()).default([]),
    errors: z.array(z.strictObject({ pointer: z.string(), line: z.int().optional(), says: z.string() })).optional(),
  }),
});
/** What a sender sends, and what it is answered. */
export type Sent = z.output<typeof sentSchema>;

export interface SentCase {
  name: string;
  directory: string;
  definition: z.output<typeof definitionSchema>;
  sent: Sent[];
  /** What is stored in the end; empty where nothing is. */
  expectedLines: unknown[];
}

/** Cases of kinds that are sent to: those with a `sent.jsonl`. */
export function sentCasesOf(folder: string): SentCase[] {
  const home = join(connectorsDirectory, folder, 'testcases');
  if (!existsSync(home)) return [];
  return readdirSync(home)
    .filter((name) => existsSync(join(home, name, 'sent.jsonl')))
    .sort()
    .map((name) => loadSentCase(join(home, name), name));
}

function loadSentCase(directory: string, name: string): SentCase {
  const read = (file: string): string => readFileSync(join(directory, file), 'utf8');
  const lines = (file: string): unknown[] =>
    read(file)
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line): unknown => JSON.parse(line));
  const parsed = z.array(sentSchema).min(1).safeParse(lines('sent.jsonl'));
  if (!parsed.success) throw new Error(`${directory}/sent.jsonl: ${z.prettifyError(parsed.error)}`);
  return {
    name,
    directory,
    definition: definitionSchema.parse(parseYaml(read('config.yaml'))),
    sent: parsed.data,
    expectedLines: existsSync(join(directory, 'expected.jsonl')) ? lines('expected.jsonl') : [],
  };
}
