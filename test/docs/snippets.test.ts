import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { formatProblem, loadConfig } from '#src/config/index';
import { checkExpression } from '#src/extract/index';
import { connectorKinds, jobKinds } from '#src/main/registry';
import { validateCron } from '#src/schedule/index';
import { temporaryDirectory } from '../harness/temporary.ts';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const root = fileURLToPath(new URL('../../', import.meta.url));

type Mapping = Record<string, unknown>;
interface Snippet {
  place: string;
  /** The snippet, and what it leaves out. */
  whole: Mapping;
}

/** The parts that a page may show by themselves, and the least that makes a connector of them. */
const measurements = { at: 'day', value: 'hours', unit: 'h', timeZone: 'UTC' };
const anyHttp = {
  kind: 'http',
  url: 'https://source.example.com',
  streams: { rows: { requests: [{ path: '/rows' }], measurements } },
};
const PARTS: Readonly<Record<string, Mapping>> = {
  auth: anyHttp,
  rules: anyHttp,
  s3: { kind: 'file', streams: { rows: { path: 's3://exports/*.csv', measurements } } },
  streams: { kind: 'prometheus', url: anyHttp.url },
};
/** What pages leave to the page about settings. */
const settings = { slack: { token: '${env:SLACK_TOKEN}' } };

/** A part in the README of a kind belongs to its sample. */
function completed(value: Mapping, sample: Mapping | undefined): Mapping | null {
  const whole = { settings, ...value };
  if ('connectors' in value || 'settings' in value) return whole;
  const part = Object.keys(PARTS).find((key) => key in value);
  return part === undefined ? null : { settings, connectors: { example: { ...(sample ?? PARTS[part]), ...value } } };
}

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Blocks marked `yaml` of `docs` and of the READMEs of every kind. */
async function snippets(): Promise<Snippet[]> {
  const kinds = connectorKinds.map(({ kind }) => `connectors/${kind}/README.md`);
  const docs = (await readdir(`${root}docs`)).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  const found: Snippet[] = [];
  for (const page of [...docs, ...kinds]) {
    const text = await readFile(path.join(root, page), 'utf8');
    const sample = page.startsWith('docs/')
      ? null
      : (parse(await readFile(path.join(root, path.dirname(page), 'sample.yaml'), 'utf8')) as Mapping);
    const connectors = sample?.['connectors'];
    const first = isMapping(connectors) ? Object.values(connectors).find(isMapping) : undefined;
    for (const match of text.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)) {
      const line = text.slice(0, match.index).split('\n').length;
      const value: unknown = parse((match[2] ?? '').replaceAll(new RegExp(`^${match[1] ?? ''}`, 'gm'), ''));
      const whole = isMapping(value) ? completed(value, first) : null;
      if (whole !== null) found.push({ place: `${page}:${line}`, whole });
    }
  }
  return found;
}

/** What `outturn validate` says of it; references count as there. */
async function problemsOf({ whole }: Snippet): Promise<string[]> {
  const folder = await temporaryDirectory('snippet');
  const text = stringify(whole).replaceAll(/\$\{file:[^}]+\}/g, '${env:FILE}');
  // A key is looked into; of other values only their being there counts.
  const env = Object.fromEntries(
    [...text.matchAll(/\$\{env:(\w+)/g)].map(([, name]) => [name ?? '', name === 'FILE' ? privateKey : `the-${name}`]),
  );
  try {
    await writeFile(path.join(folder.path, 'snippet.yaml'), text);
    const { problems } = await loadConfig({
      directory: folder.path,
      env,
      kinds: connectorKinds,
      jobKinds: jobKinds.map(({ kind }) => kind),
      validateCron,
      checkExpression,
      withoutStreams: true,
    });
    return problems.map((problem) => formatProblem(problem));
  } finally {
    await folder.remove();
  }
}

describe('YAML in the pages about connectors', async () => {
  const all = await snippets();

  it('is there', () => expect(all.length).toBeGreaterThan(12));

  it.each(all.map((snippet) => [snippet.place, snippet] as const))(
    '%s is valid as it stands',
    async (_place, snippet) => {
      expect(await problemsOf(snippet)).toEqual([]);
    },
  );
});
