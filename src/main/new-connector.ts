import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { OutturnError } from '#kit';
import { withGeneratedParts } from './connector-readme.ts';
import { connectorKinds } from './registry.ts';

const SUFFIX = '.template';
const KIND = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const LONGEST_KIND = 30;
/** Words that would be no name in TypeScript, or would hide one that every connector uses. */
const RESERVED: ReadonlySet<string> = new Set(
  'abstract any as async await boolean break case catch class const continue debugger declare default delete do else enum export extends false finally for from function get if implements import in instanceof interface is let module namespace never new null number object of package private protected public return set static string super switch symbol this throw true try type typeof undefined unknown var void while with yield connector connectors kit domain'.split(
    ' ',
  ),
);

export interface NewConnector {
  kind: string;
  /** Relative to the checkout, sorted. */
  files: string[];
  /** Whether src/main/registry.ts now names it. */
  registered: boolean;
}

/**
 * Writes `connectors/KIND` of a checkout, a connector of an imaginary source that passes every check as it stands, and
 * names it in the registry. Throws `usage` for a kind that cannot be, exists, or a folder that is no checkout.
 */
export async function newConnector(checkout: string, kind: string): Promise<NewConnector> {
  requireKind(kind);
  const registryFile = path.join(checkout, 'src/main/registry.ts');
  const templates = path.join(checkout, 'templates/connector');
  if (!existsSync(registryFile) || !existsSync(templates))
    throw new OutturnError('usage', `${checkout} is no checkout of Outturn`, {
      hint: 'Connectors are part of the source: clone the repository, and name its folder with --dir.',
    });
  const home = path.join(checkout, 'connectors', kind);
  if (existsSync(home))
    throw new OutturnError('usage', `${path.relative(checkout, home)} is there already`, {
      hint: 'Choose another kind, or remove the folder.',
    });
  const files: string[] = [];
  const filled = fillerOf(kind);
  for (const entry of await readdir(templates, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(SUFFIX)) continue;
    const from = path.join(entry.parentPath, entry.name);
    const to = path.join(home, path.relative(templates, from).slice(0, -SUFFIX.length));
    await mkdir(path.dirname(to), { recursive: true });
    await writeFile(to, filled(await readFile(from, 'utf8')));
    files.push(path.relative(checkout, to));
  }
  const registry = await readFile(registryFile, 'utf8');
  const changed = registered(registry, kind);
  if (changed !== null) await writeFile(registryFile, changed);
  await format(checkout, changed === null ? [home] : [home, registryFile]);
  return { kind, files: files.sort(), registered: changed !== null };
}

/** Lines break elsewhere with every name; the checkout's own formatter knows where. */
async function format(checkout: string, written: readonly string[]): Promise<void> {
  const biome = path.join(checkout, 'node_modules/.bin/biome');
  if (!existsSync(biome)) return;
  await promisify(execFile)(process.execPath, [biome, 'check', '--write', '--vcs-enabled=false', ...written], {
    cwd: checkout,
  }).catch((thrown: unknown) => {
    throw new OutturnError('internal', 'the new connector could not be formatted', { cause: thrown });
  });
}

/** Fills the generated parts of the READMEs of a checkout; gives the files that changed. */
export async function writeGeneratedParts(checkout: string): Promise<string[]> {
  const changed: string[] = [];
  for (const kind of connectorKinds) {
    const file = path.join(checkout, 'connectors', kind.kind, 'README.md');
    if (!existsSync(file)) continue;
    const before = await readFile(file, 'utf8');
    const after = withGeneratedParts(before, kind);
    if (after === before) continue;
    await writeFile(file, after);
    changed.push(path.relative(checkout, file));
  }
  return changed;
}

function requireKind(kind: string): void {
  if (!KIND.test(kind) || kind.length > LONGEST_KIND)
    throw new OutturnError('usage', `${JSON.stringify(kind)} cannot be a kind`, {
      hint: `Write lower-case letters and digits, words joined by "-", at most ${LONGEST_KIND} characters, such as \`newrelic\` or \`power-bi\`.`,
    });
  if (RESERVED.has(exportNameOf(kind)))
    throw new OutturnError('usage', `"${kind}" is a word of TypeScript or of this code base`, {
      hint: 'Add the word for what it is, such as `new-api`.',
    });
  if (connectorKinds.some((known) => known.kind === kind))
    throw new OutturnError('usage', `the kind "${kind}" exists already`, {
      hint: 'Choose another name, or extend that connector.',
    });
}

const exportNameOf = (kind: string): string =>
  kind.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function fillerOf(kind: string): (text: string) => string {
  const name = exportNameOf(kind);
  const capitalised = name.slice(0, 1).toUpperCase() + name.slice(1);
  const title = kind
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(' ');
  const values: Readonly<Record<string, string>> = {
    kind,
    name,
    Name: capitalised,
    title,
    ENV: kind.toUpperCase().replaceAll('-', '_'),
  };
  return (text) => text.replace(/__(kind|name|Name|title|ENV)__/g, (whole, key: string) => values[key] ?? whole);
}

/** The registry with the kind in its place; null where its text is not what it was when this was written. */
function registered(registry: string, kind: string): string | null {
  const name = exportNameOf(kind);
  const line = `import { ${name} } from '#connectors/${kind}/index';`;
  const imports = [...registry.matchAll(/^import \{ \w+ \} from '#connectors\/([\w-]+)\/index';$/gm)];
  const list = /(connectorKinds: readonly AnyConnectorKind\[\] = \[)([^\]]*?)(,?\s*)\]/.exec(registry);
  const after = imports.findLast(([, other]) => (other ?? '') < kind);
  const [first] = imports;
  if (list === null || first === undefined) return null;
  const listed = registry.replace(list[0], () => `${list[1]}${list[2]}, ${name}${list[3]}]`);
  return after === undefined
    ? listed.replace(first[0], () => `${line}\n${first[0]}`)
    : listed.replace(after[0], () => `${after[0]}\n${line}`);
}
