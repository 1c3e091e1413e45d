import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutturnError } from '#kit';
import { withGeneratedParts } from '#src/main/connector-readme';
import { type NewConnector, newConnector } from '#src/main/new-connector';
import { connectorKinds } from '#src/main/registry';
import { temporaryDirectory } from '../harness/temporary.ts';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');
const bin = (name: string): string => join(repository, 'node_modules/.bin', name);
/** What a connector is tested with; everything else is left out of the copy. */
const COPIED = ['src', 'templates', 'test/contract/connectors', 'test/factories', 'test/harness'];
const SETTINGS = ['package.json', 'tsconfig.json', 'biome.json', '.dependency-cruiser.cjs'];

describe('a new connector in a checkout', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let checkout: string;
  let made: NewConnector;
  beforeAll(async () => {
    directory = await temporaryDirectory('checkout');
    checkout = directory.path;
    await Promise.all([
      ...COPIED.map((folder) => cp(join(repository, folder), join(checkout, folder), { recursive: true })),
      ...SETTINGS.map((file) => cp(join(repository, file), join(checkout, file))),
      symlink(join(repository, 'node_modules'), join(checkout, 'node_modules')),
    ]);
    made = await newConnector(checkout, 'acme-metrics');
  });
  afterAll(() => directory?.remove());

  it('has all that a connector needs, and is registered', async () => {
    expect(made.registered).toBe(true);
    expect(made.files).toEqual(
      expect.arrayContaining([
        'connectors/acme-metrics/index.ts',
        'connectors/acme-metrics/README.md',
        'connectors/acme-metrics/sample.yaml',
        'connectors/acme-metrics/testcases/first-pull/http.jsonl',
        'connectors/acme-metrics/testcases/wrong-credentials/expected.err',
      ]),
    );
    const registry = await readFile(join(checkout, 'src/main/registry.ts'), 'utf8');
    expect(registry).toContain("import { acmeMetrics } from '#connectors/acme-metrics/index';");
    expect(registry).toMatch(/connectorKinds: readonly AnyConnectorKind\[\] = \[[^\]]*\bacmeMetrics\b[^\]]*\]/);
    for (const file of made.files)
      expect(await readFile(join(checkout, file), 'utf8'), file).not.toMatch(/__(?:kind|name|title|env)__/i);
  });

  it('passes the conformance suite as it stands', async () => {
    await writeFile(
      join(checkout, 'vitest.config.ts'),
      `export default { resolve: { conditions: ['outturn-source', 'node', 'default'] },
        ssr: { resolve: { conditions: ['outturn-source', 'node', 'default'] } },
        test: { include: ['test/contract/connectors/*.test.ts'], pool: 'forks', isolate: false, maxWorkers: 1, execArgv: ['--conditions=outturn-source'] } };`,
    );
    const suite = ['conformance', 'faults', 'pages', 'check-faults'].map(
      (name) => `test/contract/connectors/${name}.test.ts`,
    );
    const outcome = await run(
      process.execPath,
      [bin('vitest'), 'run', ...suite, '-t', 'connectors/acme-metrics', '--reporter=json', '--outputFile=outcome.json'],
      { cwd: checkout, maxBuffer: 64 << 20 },
    ).catch((thrown: { stdout: string; stderr: string }) => thrown);
    const report = JSON.parse(await readFile(join(checkout, 'outcome.json'), 'utf8')) as {
      numPassedTests: number;
      testResults: { assertionResults: { status: string; fullName: string; failureMessages: string[] }[] }[];
    };
    const failed = report.testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages.join('\n')}`);
    expect(failed, outcome.stderr).toEqual([]);
    expect(report.numPassedTests).toBeGreaterThan(80);
  });

  it('has no errors of type, style or boundaries', async () => {
    await mkdir(join(checkout, 'types'));
    await writeFile(
      join(checkout, 'types/tsconfig.json'),
      JSON.stringify({ extends: '../tsconfig.json', include: ['../connectors/acme-metrics/**/*.ts'] }),
    );
    const checks = [
      [bin('tsc'), '--noEmit', '-p', 'types'],
      [bin('biome'), 'check', '--vcs-enabled=false', 'connectors/acme-metrics', 'src/main/registry.ts'],
      [bin('depcruise'), '--config', '.dependency-cruiser.cjs', 'connectors/acme-metrics', '--do-not-follow', '^src'],
    ];
    const said = await Promise.all(
      checks.map(([command = '', ...args]) =>
        run(process.execPath, [command, ...args], { cwd: checkout }).then(
          () => '',
          (thrown: { stdout: string; stderr: string }) => `${thrown.stdout}${thrown.stderr}`,
        ),
      ),
    );
    expect(said).toEqual(['', '', '']);
  });

  it.each([
    ['Acme', /cannot be a kind.*lower-case/s],
    ['acme_metrics', /cannot be a kind/],
    ['../acme', /cannot be a kind/],
    ['9lives', /cannot be a kind/],
    ['a'.repeat(31), /at most 30/],
    ['new', /a word of TypeScript/],
    ['prometheus', /exists already/],
    ['acme-metrics', /is there already/],
  ])('is not made of the kind %s', async (kind, says) => {
    const error: unknown = await newConnector(checkout, kind).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OutturnError);
    expect(`${(error as OutturnError).message} ${(error as OutturnError).hint}`).toMatch(says);
  });

  it('is not made in a folder that is no checkout', async () => {
    await expect(newConnector(join(checkout, 'src'), 'acme')).rejects.toThrow('is no checkout of Outturn');
  });
});

describe('the README of each kind', () => {
  it.each(connectorKinds.map((kind) => ({ name: kind.kind, kind })))(
    '$name is as `npm run generate` writes it',
    async ({ kind }) => {
      const readme = await readFile(join(repository, 'connectors', kind.kind, 'README.md'), 'utf8');
      expect(readme).toContain('<!-- generated: options -->');
      expect(withGeneratedParts(readme, kind)).toBe(readme);
    },
  );
});
