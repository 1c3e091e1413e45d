import { Client } from 'pg';
import { storeError } from './failures.ts';

/** One session outside the pool: for migrations, partitions and listening. */
export async function connectClient(
  url: string,
  options: { applicationName: string; statementTimeoutMs?: number },
): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: options.applicationName,
    connectionTimeoutMillis: 15_000,
    keepAlive: true,
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
  });
  // A lost connection also fails the query under way; without a listener the process would end.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw storeError(error, url);
  }
  return client;
}
