import { Client } from 'pg';
import { queueContract } from './suite.ts';

async function query<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

queueContract({
  name: 'postgres',
  backend: (url) => ({ kind: 'postgres', url }),
  wipe: (url) =>
    query(url, async (client) => {
      await client.query('TRUNCATE bullmq.job, bullmq.dedup, bullmq.dedup_next CASCADE');
    }),
  interrupt: (url) =>
    query(url, async (client) => {
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    }),
  dump: (url) =>
    query(url, async (client) => {
      const { rows } = await client.query<{ text: string }>(
        `SELECT query_to_xml('SELECT * FROM bullmq.' || quote_ident(tablename), true, false, '')::text AS text
           FROM pg_tables WHERE schemaname = 'bullmq'`,
      );
      return rows.map((row) => row.text).join('\n');
    }),
});
