import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const config = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as IConfiguration;

const adapters = [
  'config',
  'schedule',
  'queue',
  'fetch',
  'extract',
  'ingest',
  'store',
  'cache',
  'objects',
  'render',
  'delivery',
  'api',
  'auth',
  'telemetry',
  'embedded',
  'sandbox',
];

/** rule → files that break it, and nothing else of interest. */
const violations: Record<string, Record<string, string>> = {
  'no-cycles': { 'src/cli/a.ts': "import './b.ts';", 'src/cli/b.ts': "import './a.ts';" },
  'domain-is-pure': { 'src/domain/a.ts': "import 'node:fs';" },
  'kit-imports-domain-and-zod': { 'src/kit/a.ts': "import 'axios';" },
  ...Object.fromEntries(
    adapters.map((room, index) => {
      const other = adapters[(index + 1) % adapters.length];
      return [
        `${room}-imports-kit-only`,
        { [`src/${room}/a.ts`]: `import '../${other}/b.ts';`, [`src/${other}/b.ts`]: '' },
      ];
    }),
  ),
  'jobs-import-kit-and-domain': { 'jobs/a.ts': "import './b.ts';", 'jobs/b.ts': '' },
  'connectors-import-kit-and-domain': {
    'connectors/a/index.ts': "import '../b/index.ts';",
    'connectors/b/index.ts': '',
  },
  'only-main-wires': { 'src/main/up.ts': "import '../../jobs/pull.ts';", 'jobs/pull.ts': '' },
  'cli-imports-main': { 'src/cli/a.ts': "import '../store/b.ts';", 'src/store/b.ts': '' },
  'nothing-imports-cli': { 'src/main/a.ts': "import '../cli/b.ts';", 'src/cli/b.ts': '' },
  'nothing-imports-main-but-cli': { 'src/api/a.ts': "import '../main/b.ts';", 'src/main/b.ts': '' },
  'product-never-imports-tests': { 'src/main/a.ts': "import '../../test/b.ts';", 'test/b.ts': '' },
};
for (const rule of config.forbidden ?? []) {
  const library = /^only-.+-imports-/.test(rule.name ?? '') ? String((rule as { to: { path: string } }).to.path) : null;
  if (library === null) continue;
  const name = library.replace('(^|node_modules/)', '').replace('(/|$)', '').replace('.+', 'driver');
  violations[rule.name as string] = { 'src/main/a.ts': `import '${name}';` };
}

describe('the import table', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'outturn-boundaries-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function brokenRules(name: string, files: Record<string, string>): Promise<string[]> {
    const baseDir = path.join(directory, name);
    for (const [file, content] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(baseDir, file)), { recursive: true });
      await writeFile(path.join(baseDir, file), content);
    }
    const folders = [...new Set(Object.keys(files).map((file) => file.split('/')[0] as string))];
    const result = await cruise(folders, {
      baseDir,
      ruleSet: { forbidden: config.forbidden ?? [] },
      validate: true,
      tsPreCompilationDeps: true,
    });
    return (result.output as ICruiseResult).summary.violations.map((violation) => violation.rule.name);
  }

  it('has a negative example for every rule', () => {
    expect(Object.keys(violations).sort()).toEqual((config.forbidden ?? []).map((rule) => rule.name).sort());
  });

  it.each(Object.entries(violations))('%s is refused', async (name, files) => {
    expect(await brokenRules(name, files)).toContain(name);
  });

  it('lets an adapter import the contracts, and a job the domain', async () => {
    const files = {
      'src/store/a.ts': "import '../kit/k.ts';",
      'src/kit/k.ts': '',
      'jobs/j.ts': "import '../src/domain/d.ts';",
      'src/domain/d.ts': '',
    };
    expect(await brokenRules('allowed', files)).toEqual([]);
  });
});
