import type { CommonQueryMethods } from 'slonik';
import { sql } from './context.ts';

/** Advisory lock until the transaction ends. */
export async function lockKey(connection: CommonQueryMethods, key: string): Promise<void> {
  await connection.query(sql.unsafe`SELECT pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
}

/** The same lock, held together with others that share it. */
export async function shareKey(connection: CommonQueryMethods, key: string): Promise<void> {
  await connection.query(sql.unsafe`SELECT pg_advisory_xact_lock_shared(hashtextextended(${key}, 0))`);
}
