import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe } from 'vitest';

const run = promisify(execFile);

interface ServerPackage {
  title: string;
  /** Every program that must be there; each by any of its names (Debian's first, then Homebrew's). */
  programs: readonly (readonly string[])[];
  debian: readonly string[];
  brew: string | null;
  /** It starts for root alone. */
  rootOnly?: boolean;
}

/** What the tests need beyond npm. */
export const serverPackages = {
  redis: {
    title: 'Redis',
    programs: [['redis-server'], ['redis-cli'], ['openssl']],
    debian: ['redis-server', 'openssl'],
    brew: 'redis',
  },
  prometheus: {
    title: 'Prometheus',
    programs: [['prometheus'], ['promtool']],
    debian: ['prometheus'],
    brew: 'prometheus',
  },
  'node-exporter': {
    title: 'Prometheus node exporter',
    programs: [['prometheus-node-exporter', 'node_exporter']],
    debian: ['prometheus-node-exporter'],
    brew: 'node_exporter',
  },
  postfix: {
    title: 'Postfix',
    programs: [['postfix'], ['saslpasswd2'], ['openssl']],
    debian: ['postfix', 'libsasl2-modules', 'sasl2-bin', 'openssl'],
    brew: null,
    rootOnly: true,
  },
  s3: {
    title: 'S3 (OpenStack Swift)',
    programs: [
      ['swift-proxy-server'],
      ['swift-account-server'],
      ['swift-container-server'],
      ['swift-object-server'],
      ['swift-ring-builder'],
      ['memcached'],
    ],
    debian: ['swift', 'swift-proxy', 'swift-account', 'swift-container', 'swift-object', 'memcached'],
    brew: null,
  },
} as const satisfies Record<string, ServerPackage>;
export type ServerName = keyof typeof serverPackages;

/** Debian keeps servers in /usr/sbin, which is not on the PATH of an ordinary user. */
const searchPath = (): string[] => [
  ...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
  '/usr/sbin',
  '/sbin',
  '/opt/homebrew/bin',
  '/usr/local/bin',
];

/** Absolute path of the first of `names` that can be run, or null. */
export function findProgram(...names: string[]): string | null {
  for (const name of names) {
    for (const folder of searchPath()) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {}
    }
  }
  return null;
}

/** Like findProgram; throws with the install command. */
export function programOf(server: ServerName, ...names: string[]): string {
  const path = findProgram(...names);
  if (path === null) throw new Error(missingMessage([server]));
  return path;
}

export const isInstalled = (server: ServerName): boolean =>
  (serverPackages[server] as ServerPackage).programs.every((names) => findProgram(...names) !== null);

export const missingServers = (): ServerName[] =>
  (Object.keys(serverPackages) as ServerName[]).filter((server) => !isInstalled(server));

/** The exact command that installs these servers on this machine. */
export function installCommand(servers: readonly ServerName[], platform: NodeJS.Platform = process.platform): string {
  const packages: ServerPackage[] = servers.map((server) => serverPackages[server]);
  if (platform === 'darwin') {
    const formulas = packages.flatMap((entry) => entry.brew ?? []);
    const without = packages.filter((entry) => entry.brew === null).map((entry) => entry.title);
    return [
      formulas.length > 0 ? `brew install ${formulas.join(' ')}` : null,
      without.length > 0 ? `(${without.join(', ')}: not in Homebrew, use a Debian machine or container)` : null,
    ]
      .filter((part) => part !== null)
      .join(' ');
  }
  const names = [...new Set(packages.flatMap((entry) => entry.debian))];
  return `sudo apt-get install -y --no-install-recommends ${names.join(' ')}`;
}

export function missingMessage(servers: readonly ServerName[]): string {
  const titles = servers.map((server) => serverPackages[server].title).join(', ');
  return `not installed: ${titles}. Install with: ${installCommand(servers)}`;
}

/** `[]` for root, `['sudo', '-n']` with passwordless sudo, null when neither. */
function privilege(): string[] | null {
  if (process.getuid?.() === 0) return [];
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return ['sudo', '-n'];
  } catch {
    return null;
  }
}

const policyFile = '/usr/sbin/policy-rc.d';

/** While `work` runs, Debian starts no service of a package that it installs. */
async function withoutServiceStarts(prefix: readonly string[], work: () => Promise<void>): Promise<void> {
  if (existsSync(policyFile)) return work();
  const folder = await mkdtemp(join(tmpdir(), 'outturn-policy-'));
  const source = join(folder, 'policy-rc.d');
  await writeFile(source, '#!/bin/sh\nexit 101\n');
  await privileged(prefix, ['install', '-m', '755', source, policyFile]);
  try {
    await work();
  } finally {
    await privileged(prefix, ['rm', '-f', policyFile]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function privileged(prefix: readonly string[], command: readonly string[]): Promise<void> {
  const [file, ...args] = [...prefix, ...command];
  await run(file ?? '', args, { maxBuffer: 64 * 1024 * 1024, timeout: 600_000 });
}

/**
 * Installs what is missing by apt-get where that needs no question to a person; returns what is still missing.
 * `OUTTURN_TEST_INSTALL=never` switches it off.
 */
export async function installMissingServers(say: (line: string) => void): Promise<ServerName[]> {
  const missing = missingServers();
  if (missing.length === 0) return [];
  const apt = findProgram('apt-get');
  const prefix = apt === null || process.env.OUTTURN_TEST_INSTALL === 'never' ? null : privilege();
  if (apt === null || prefix === null) {
    say(missingMessage(missing));
    return missing;
  }
  const packages = [...new Set(missing.flatMap((server): readonly string[] => serverPackages[server].debian))];
  say(`installing for the tests: ${packages.join(' ')}`);
  const aptGet = ['env', 'DEBIAN_FRONTEND=noninteractive', apt, '-o', 'DPkg::Lock::Timeout=120', '-q'];
  try {
    // A failing update (another one runs, a mirror is away) is no reason to stop: the lists may be good enough.
    await privileged(prefix, [...aptGet, 'update']).catch((error: unknown) => say(`apt-get update: ${tail(error)}`));
    await withoutServiceStarts(prefix, () =>
      privileged(prefix, [...aptGet, 'install', '-y', '--no-install-recommends', ...packages]),
    );
  } catch (error) {
    say(`apt-get install: ${tail(error)}`);
  }
  const still = missingServers();
  if (still.length > 0) say(missingMessage(still));
  return still;
}

function tail(error: unknown): string {
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  return (output.trim() || String(error)).slice(-1_000);
}

export const isCi = (): boolean => ['1', 'true'].includes(process.env.CI ?? '');

/** Why these servers cannot be started here, with what to do about it; null when they can. */
export function hindrance(...servers: ServerName[]): string | null {
  const missing = servers.filter((server) => !isInstalled(server));
  if (missing.length > 0) return missingMessage(missing);
  const forRoot = servers.filter((server) => (serverPackages[server] as ServerPackage).rootOnly === true);
  if (forRoot.length === 0 || process.getuid?.() === 0) return null;
  return `needs root: ${forRoot.map((server) => serverPackages[server].title).join(', ')}. Run the tests as root to have it`;
}

/**
 * True when the servers can be started. Else: with `CI=true` an error that fails the test file, otherwise false and the
 * reason on standard error.
 */
export function requireServer(...servers: ServerName[]): boolean {
  const reason = hindrance(...servers);
  if (reason === null) return true;
  if (isCi()) throw new Error(`with CI=true no test may be skipped; ${reason}`);
  process.stderr.write(`skipped: ${reason}\n`);
  return false;
}

/** `describe` for tests that need these servers; the title of a skipped one says why, and what to do about it. */
export function describeWith(servers: readonly ServerName[], title: string, body: () => void): void {
  if (requireServer(...servers)) describe(title, body);
  else describe.skip(`${title} (${hindrance(...servers)})`, body);
}
