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

interface Snippet {
  place: string;
  value: Record<string, unknown>;
}

/** The parts that a page may show by themselves, in the least that makes a connector of them. */
const stream = {
  requests: [{ path: '/rows' }],
  measurements: { at: 'day', value: 'hours', unit: 'h', timeZone: 'UTC' },
};
const rest = { kind: 'http', url: 'https://source.example.com', streams: { rows: stream } };
const file = { kind: 'file', streams: { rows: { path: 's3://exports/*.csv', measurements: stream.measurements } } };
const WHOLES: Readonly<Record<string, (value: Record<string, unknown>) => Record<string, unknown>>> = {
  connectors: (value) => value,
  auth: (value) => ({ connectors: { example: { ...rest, ...value } } }),
  rules: (value) => ({ connectors: { example: { ...rest, ...value } } }),
  s3: (value) => ({ connectors: { example: { ...file, ...value } } }),
  streams: (value) => ({ connectors: { example: { kind: 'prometheus', url: rest.url, ...value } } }),
};

/** What pages leave to the page about settings. */
const settings = { slack: { token: '${env:SLACK_TOKEN}' } };

/** Blocks marked `yaml` of every page about connectors. */
async function snippets(): Promise<Snippet[]> {
  const kinds = (await readdir(`${root}connectors`)).map((kind) => `connectors/${kind}/README.md`);
  const docs = (await readdir(`${root}docs`)).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  const found: Snippet[] = [];
  for (const page of [...docs, ...kinds]) {
    const text = await readFile(path.join(root, page), 'utf8').catch(() => '');
    for (const match of text.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)) {
      const line = text.slice(0, match.index).split('\n').length;
      const value: unknown = parse((match[2] ?? '').replaceAll(new RegExp(`^${match[1] ?? ''}`, 'gm'), ''));
      if (typeof value === 'object' && value !== null && Object.keys(value).some((key) => Object.hasOwn(WHOLES, key)))
        found.push({ place: `${page}:${line}`, value: value as Record<string, unknown> });
    }
  }
  return found;
}

/** What `outturn validate` says of it; references count as there. */
async function problemsOf({ value }: Snippet): Promise<string[]> {
  const folder = await temporaryDirectory('snippet');
  const key = Object.keys(WHOLES).find((known) => Object.hasOwn(value, known)) ?? '';
  const text = stringify(WHOLES[key]?.(value)).replaceAll(/\$\{file:[^}]+\}/g, '${env:FILE}');
  // A key is looked into; of other values only their being there counts.
  const env = Object.fromEntries(
    [...`${text} \${env:SLACK_TOKEN}`.matchAll(/\$\{env:(\w+)/g)].map(([, name]) => [
      name ?? '',
      name === 'FILE' ? privateKey : `the-${name}`,
    ]),
  );
  try {
    await writeFile(path.join(folder.path, 'snippet.yaml'), text);
    if (!('settings' in value)) await writeFile(path.join(folder.path, 'settings.yaml'), stringify({ settings }));
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
