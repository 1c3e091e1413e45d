import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';

/** Where any of the secrets stands: every text of every table, every Redis value, every file, the log. Empty is right. */
export async function secretsFoundIn(places: {
  secrets: readonly string[];
  databaseUrl: string;
  redisUrl: string | null;
  folder: string;
  log: string;
}): Promise<string[]> {
  const found: string[] = [];
  const look = (where: string, text: string): void => {
    for (const [index, secret] of places.secrets.entries())
      if (text.includes(secret)) found.push(`secret ${index} in ${where}`);
  };
  look('the log', places.log);
  await searchDatabase(places.databaseUrl, look);
  if (places.redisUrl !== null) await searchRedis(places.redisUrl, look);
  for (const entry of await readdir(places.folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      look(path.join(entry.parentPath, entry.name), await readFile(path.join(entry.parentPath, entry.name), 'latin1'));
  return found;
}

async function searchDatabase(url: string, look: (where: string, text: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    );
    for (const { name } of tables.rows) {
      const rows = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      for (const { text } of rows.rows) look(name, text);
    }
  } finally {
    await client.end();
  }
}

async function searchRedis(url: string, look: (where: string, text: string) => void): Promise<void> {
  const redis = new Redis(url);
  try {
    const read: Record<string, (key: string) => Promise<unknown>> = {
      hash: (key) => redis.hgetall(key),
      string: (key) => redis.get(key),
      stream: (key) => redis.xrange(key, '-', '+'),
      list: (key) => redis.lrange(key, '0', '-1'),
      zset: (key) => redis.zrange(key, '0', '-1'),
      set: (key) => redis.smembers(key),
    };
    for (const key of await redis.keys('*'))
      look(`Redis ${key}`, JSON.stringify(await read[await redis.type(key)]?.(key)));
  } finally {
    redis.disconnect();
  }
}
