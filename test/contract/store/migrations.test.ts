import { describe, expect, it } from 'vitest';
import { migrate, pendingMigrations } from '#src/store/index';
import { emptyDatabase, silentLog } from '../../harness/database.ts';

describe('migrations', () => {
  it('brings an empty database up to date once, and finds nothing to do the second time', async () => {
    const database = await emptyDatabase();
    try {
      const pending = await pendingMigrations(database.url);
      expect(pending[0]).toBe('001 measurements');
      expect(await migrate({ url: database.url, log: silentLog })).toEqual({ applied: pending });
      expect(await migrate({ url: database.url, log: silentLog })).toEqual({ applied: [] });
      expect(await pendingMigrations(database.url)).toEqual([]);
    } finally {
      await database.close();
    }
  });
});
