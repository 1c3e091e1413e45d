import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { AnyConnectorKind, Config, ConnectorConfig, HttpSettings } from '#kit';
import { formatProblem, loadConfig } from '#src/config/index';
import type { TestCase } from './case.ts';
import { filled } from './replay-server.ts';

/** What of a case makes its connector. */
interface ConfiguredCase {
  name: string;
  definition: Pick<TestCase['definition'], 'connector' | 'env'> & { urlPath?: string };
}

/** A case's connector, read by the real configuration. `overrides` replace http settings for the faults. */
export async function connectorOf(
  kind: AnyConnectorKind,
  testCase: ConfiguredCase,
  url: string | null,
  overrides: Partial<HttpSettings> = {},
): Promise<ConnectorConfig> {
  const { connector, env, urlPath = '' } = testCase.definition;
  const addsUrl = url !== null && kind.capabilities.http !== false && connector['url'] === undefined;
  const written = filled({ ...connector, ...(addsUrl ? { url: url + urlPath } : {}) }, url ?? '');
  const config = await configOf(kind, stringify({ connectors: { [testCase.name]: written } }), env);
  const [read] = config.connectors;
  if (read === undefined) throw new Error(`${testCase.name} has no connector`);
  return { ...read, http: { ...read.http, ...overrides } };
}

/** Configuration of one YAML file; throws what `outturn validate` would print. */
export async function configOf(
  kind: AnyConnectorKind,
  yaml: string,
  env: Readonly<Record<string, string>>,
): Promise<Config> {
  const directory = await mkdtemp(join(tmpdir(), 'outturn-case-'));
  try {
    await writeFile(join(directory, 'case.yaml'), yaml);
    const { config, problems } = await loadConfig({ directory, env, kinds: [kind], jobKinds: [] });
    if (config === null) throw new Error(problems.map(formatProblem).join('\n'));
    return config;
  } finally {
    await rm(directory, { recursive: true });
  }
}
