import { setTimeout as delay } from 'node:timers/promises';
import type { CommonQueryMethods } from 'slonik';
import type { Clock } from '#kit';
import { sql } from './context.ts';

/** A clock that stands still is not waited for. */
const MOST_TICKS = 5;

/**
 * For a transaction that records: before it takes the time that it writes, until it commits. The table is that of the watermarks, which
 * nobody but these writes; they do not wait for each other.
 */
export async function holdRecording(connection: CommonQueryMethods): Promise<void> {
  await connection.query(sql.unsafe`LOCK TABLE watermark IN ROW EXCLUSIVE MODE`);
}

/**
 * First of all in a transaction of one instant: waits until nobody records, begins to see, and lets them go on; when that was.
 * LOCK takes no snapshot, unlike an advisory lock, and what was locked since a savepoint is free again once it is rolled back to.
 */
export async function seeSettled(connection: CommonQueryMethods, clock: Clock): Promise<number> {
  await connection.query(sql.unsafe`SAVEPOINT settled`);
  await connection.query(sql.unsafe`LOCK TABLE watermark IN SHARE MODE`);
  await connection.query(sql.unsafe`SELECT 1`);
  const seenAtMs = clock.nowMs();
  // Whoever records next does so at a later millisecond.
  for (let tick = 0; clock.nowMs() <= seenAtMs && tick < MOST_TICKS; tick++) await delay(1);
  await connection.query(sql.unsafe`ROLLBACK TO SAVEPOINT settled`);
  await connection.query(sql.unsafe`RELEASE SAVEPOINT settled`);
  return seenAtMs;
}
