import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { type AnyConnectorKind, type Config, defineConnector, fields, type SecretLookup, type SecretUse } from '#kit';
import { type ConfigProblem, formatProblem, loadConfig } from '#src/config/index';

const never = async (): Promise<never> => {
  throw new Error('configuration must not call a connector');
};
const base = {
  check: never,
  checkStream: never,
  discover: never,
  pull: (): never => {
    throw new Error('configuration must not call a connector');
  },
  parse: (): never => {
    throw new Error('configuration must not call a connector');
  },
};

/** A small kind that speaks HTTP and gives measurements, one that reads files and gives either. */
export const meter = defineConnector({
  ...base,
  kind: 'meter',
  summary: 'A meter in a test.',
  capabilities: { measurements: true, costs: false, discover: false },
  options: z.strictObject({
    tenant: fields.text.meta({ description: 'Tenant.', examples: ['a'] }).optional(),
    apiKey: fields.secret.meta({ description: 'Key.', examples: ['${env:KEY}'], secret: true }).optional(),
  }),
  stream: z.strictObject({
    query: fields.text.meta({ description: 'What is asked.', examples: ['x'] }),
    step: fields.positiveDurationMs,
    unit: fields.text.meta({ description: 'Unit.', examples: ['failures'] }),
    points: z
      .int()
      .min(1)
      .prefault(100)
      .meta({ description: 'Points a request.', examples: [100] }),
    exact: z
      .boolean()
      .prefault(false)
      .meta({ description: 'Exactly.', examples: [true] }),
  }),
  timing: (stream) => ({ intervalMs: stream.step }),
});
export const ledger = defineConnector({
  ...base,
  kind: 'ledger',
  summary: 'A ledger in a test.',
  capabilities: { measurements: true, costs: true, discover: false, http: false },
  options: z.strictObject({}),
  stream: z.strictObject({
    path: fields.text.meta({ description: 'File.', examples: ['a.csv'] }),
    costs: z.strictObject({ amount: fields.text }).optional().meta({ description: 'Costs.' }),
    measurements: z.strictObject({ unit: fields.text }).optional().meta({ description: 'Measurements.' }),
  }),
  timing: () => ({ intervalMs: 0 }),
});
export const testKinds: readonly AnyConnectorKind[] = [meter, ledger];

/** A configuration that is right, in one file; tests spoil one thing of it. */
export const goodYaml = `settings:
  timeZone: Europe/Berlin
  smtp: { host: 127.0.0.1, port: 2525, tls: none, from: Outturn <outturn@example.com> }
connectors:
  shop:
    kind: meter
    url: http://127.0.0.1:9090
    auth: { kind: bearer, token: "\${env:SHOP_TOKEN}" }
    streams:
      failures: { query: sum(failures), step: 1h, unit: failures }
  books:
    kind: ledger
    streams:
      costs: { path: costs.csv, costs: { amount: Amount } }
projects:
  checkout:
    name: Checkout
    currency: EUR
    startsOn: 2026-06-01
    discountRate: 8 %
    costs:
      sources: [{ connector: books, stream: costs, projectRef: P-1 }]
      lines: [{ date: 2026-06-02, amount: 1000 }]
    metrics:
      failures:
        kind: flow
        unit: failures
        direction: down
        source: { connector: shop, stream: failures }
        baseline: { value: 100 }
        rates: [{ from: 2026-01-01, amount: 4.50 }]
        startsOn: 2026-07-01
stakeholders:
  sponsor: { name: Sponsor, email: sponsor@example.com }
subscriptions:
  weekly: { project: checkout, to: [{ stakeholder: sponsor, channel: email }], schedule: "0 8 * * 1" }
`;
export const SECRET = 'hunter2-very-secret';

export interface LoadedTest {
  config: Config | null;
  problems: ConfigProblem[];
  /** Errors and warnings as people read them, file names relative to the configuration folder. */
  lines: string[];
  secretUses: SecretUse[];
}

/** Loads these files (name → content) from a fresh folder that is gone afterwards. */
export async function loadFiles(
  files: Record<string, string | Buffer>,
  options: {
    env?: Record<string, string | undefined>;
    prepare?: (directory: string) => Promise<void>;
    validateCron?: (expression: string) => string | null;
    shortestIntervalMs?: (expression: string) => number | null;
    lookUpSecret?: SecretLookup;
  } = {},
): Promise<LoadedTest> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'outturn-config-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(directory, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    await options.prepare?.(directory);
    const { config, problems, secretUses } = await loadConfig({
      directory,
      env: { SHOP_TOKEN: SECRET, ...options.env },
      kinds: testKinds,
      jobKinds: ['pull', 'recompute-roi', 'send-digest'],
      lookUpSecret: options.lookUpSecret,
      ...(options.validateCron === undefined ? {} : { validateCron: options.validateCron }),
      ...(options.shortestIntervalMs === undefined ? {} : { shortestIntervalMs: options.shortestIntervalMs }),
    });
    const lines = problems.map((problem) => formatProblem(problem).replaceAll(`${directory}/`, ''));
    return { config, problems, lines, secretUses };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The good configuration with one text of it replaced (it must be there once). */
export function spoil(from: string | RegExp, to: string): Record<string, string> {
  const spoilt = goodYaml.replace(from, () => to);
  if (spoilt === goodYaml) throw new Error(`the good configuration does not hold ${from}`);
  return { 'outturn.yaml': spoilt };
}
