import type { OutboxRow, Store } from '#kit';
import { requireDataDirectory } from '#src/main/environment';
import { jobKinds } from '#src/main/registry';
import { type CommonOptions, environmentOf } from './command.ts';
import type { Io } from './io.ts';
import { MATCHES, oneOf } from './one-of.ts';

export const kindNames: readonly string[] = jobKinds.map((job) => job.kind);

/** For commands that only look: no configuration is needed, and no data directory made. */
export async function withStore(io: Io, options: CommonOptions, work: (store: Store) => Promise<void>): Promise<void> {
  const environment = environmentOf(io, options);
  await requireDataDirectory(environment);
  const { openDatabase } = await import('#src/main/app');
  const database = await openDatabase(environment);
  try {
    await work(database.store);
  } finally {
    await database.close();
  }
}

export async function findJob(store: Store, id: string): Promise<OutboxRow> {
  const matches = await store.jobs.find(id, MATCHES);
  return oneOf({ what: 'job', id, list: 'outturn jobs' }, matches, (row) => row.id);
}
