import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type ConfigProblem, configJsonSchema, formatProblem, loadConfig } from '#src/config/index';
import { connectorKinds, jobKinds } from '#src/main/registry';
import { validateCron } from '#src/schedule/index';

const directory = fileURLToPath(new URL('../../../config', import.meta.url));
const schemaFile = path.join(directory, 'schema', 'outturn.json');
const yamlFiles = async (): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.endsWith('.yaml')).map((name) => path.join(directory, name));
/** What editors run. */
const compiled = new Ajv({ strict: true, allowUnionTypes: true }).compile(configJsonSchema(connectorKinds));
const compile = () => compiled;

interface Described {
  description?: string;
  properties?: Record<string, Described>;
}
/** Every property below a schema, by its path. */
function* properties(schema: unknown, at: string): Generator<[string, Described]> {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [key, child] of Object.entries((schema as Described).properties ?? {})) {
    yield [`${at}.${key}`, child];
    yield* properties(child, `${at}.${key}`);
  }
  const { properties: _done, ...rest } = schema as Record<string, unknown>;
  for (const value of Object.values(rest))
    yield* Array.isArray(value) ? value.flatMap((one) => [...properties(one, at)]) : properties(value, at);
}

describe('the schema for editors', () => {
  it('is the one generated from the code: `npm run generate` makes it anew', async () => {
    const written: unknown = JSON.parse(await readFile(schemaFile, 'utf8'));
    expect(written).toEqual(JSON.parse(JSON.stringify(configJsonSchema(connectorKinds))));
  });

  it('accepts the example', async () => {
    const validate = compile();
    for (const file of await yamlFiles()) {
      expect(validate(parse(await readFile(file, 'utf8'))), `${file}: ${JSON.stringify(validate.errors)}`).toBe(true);
    }
  });

  it.each(connectorKinds.map(({ kind }) => kind))(
    'accepts the sample of %s, and no misspelt key in it',
    async (kind) => {
      const validate = compile();
      const file = fileURLToPath(new URL(`../../../connectors/${kind}/sample.yaml`, import.meta.url));
      const sample = parse(await readFile(file, 'utf8')) as { connectors: Record<string, Record<string, unknown>> };
      expect(validate(sample), JSON.stringify(validate.errors)).toBe(true);
      for (const [id, connector] of Object.entries(sample.connectors))
        expect(validate({ connectors: { [id]: { ...connector, timout: '30s' } } }), id).toBe(false);
    },
  );

  it('refuses an unknown key, an unknown kind and a wrong number, and lets a reference pass', () => {
    const validate = compile();
    const api = (value: unknown) => validate({ settings: { api: value } });
    expect(api({ port: 8080 })).toBe(true);
    expect(api({ port: '${env:PORT}' })).toBe(true);
    expect(api({ port: 'eight' })).toBe(false);
    expect(api({ prot: 8080 })).toBe(false);
    expect(validate({ connectors: { a: { kind: 'promethius', url: 'http://x', streams: {} } } })).toBe(false);
  });

  it('explains every setting and every field of connectors, projects and people', () => {
    const missing = [...properties(configJsonSchema(connectorKinds), '')]
      .filter(([, property]) => (property.description ?? '') === '')
      .map(([at]) => at)
      // Parts of a row's mapping in long form: the mapping around them says what they are.
      .filter((at) => !/\.costs\.\w+\.(value|field|map)$/.test(at));
    expect(missing).toEqual([]);
  });

  it('is named on top of every file of the example', async () => {
    for (const file of await yamlFiles())
      expect(await readFile(file, 'utf8')).toMatch(/^# yaml-language-server: \$schema=\.\/schema\/outturn\.json\n/);
  });
});

describe('the example in config/', () => {
  const load = (env: Record<string, string>): Promise<{ problems: ConfigProblem[] }> =>
    loadConfig({ directory, env, kinds: connectorKinds, jobKinds: jobKinds.map((job) => job.kind), validateCron });

  it('is valid with the variables that its first file documents, and names each one that is missing', async () => {
    const head = (await readFile(path.join(directory, 'settings.yaml'), 'utf8')).split('\nsettings:')[0] ?? '';
    const documented = [...head.matchAll(/^# {3}([A-Z_]+) {2,}\S/gm)].map((match) => match[1] ?? '');
    const env = Object.fromEntries(documented.map((name) => [name, `value-of-${name}`]));
    expect((await load(env)).problems.map(formatProblem)).toEqual([]);
    const named = (await load({})).problems.map((problem) => /variable (\w+) is not set/.exec(problem.message)?.[1]);
    expect([...new Set(named)].sort()).toEqual([...documented].sort());
  });
});
