import type { Command } from 'commander';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';

const serverWords = {
  started: 'embedded',
  joined: 'embedded, which another command runs',
  external: 'from DATABASE_URL',
};

/** `outturn migrate`: brings the database to the newest migration; safe to run at the same time from several hosts. */
export function migrate(program: Command, io: Io): void {
  withCommon(program.command('migrate').description('bring the database to the newest migration'), [
    'migrate',
    '$ DATABASE_URL=postgres://outturn@db.example.com/outturn outturn migrate --json',
  ]).action(async (options: CommonOptions) => {
    const environment = environmentOf(io, options);
    const { openDatabase } = await import('#src/main/app');
    const database = await openDatabase(environment);
    try {
      const result = { server: database.mode, version: database.version, applied: database.appliedMigrations };
      if (options.json) return printJson(io, result);
      io.out(`PostgreSQL ${result.version}, ${serverWords[result.server]}`);
      for (const name of result.applied) io.out(`  ${io.color.green('✓')} ${name}`);
      io.out(result.applied.length === 0 ? 'up to date' : `${result.applied.length} applied`);
    } finally {
      await database.close();
    }
  });
}
