import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../ports.ts';
import { type RunningProcess, startProcess } from '../process.ts';

const run = promisify(execFile);
const projectDirectory = fileURLToPath(new URL('../../fixtures/cap/', import.meta.url));
const cdsBinaries = new URL('./bin/', `file://${createRequire(import.meta.url).resolve('@sap/cds/package.json')}`);

export interface CapProjectCost {
  DocumentNo: string;
  Item: number;
  WbsElement: string;
  CompanyCode: string;
  CostElement: string;
  CostElementName?: string | null;
  ValueType?: string | null;
  /** Decimal as a string. */
  Amount: string;
  Currency: string;
  /** `YYYY-MM-DD` */
  PostingDate: string;
  ReversedDocument?: string | null;
  Text: string | null;
  /** ISO instant. */
  CreatedAt: string;
}

export interface CapServiceHours {
  EntryNo: string;
  WorkDate: string;
  Team: string;
  WbsElement: string;
  Hours: string;
  ChangedAt: string;
}

export interface CapWbsElement {
  WbsElement: string;
  ProjectDefinition: string;
  ControllingArea: string;
}

export interface CapRows {
  ProjectCosts?: readonly CapProjectCost[];
  ServiceHours?: readonly CapServiceHours[];
  WbsElements?: readonly CapWbsElement[];
}

export interface CapServer {
  /** Service root of OData V4. */
  v4: string;
  v2: string;
  username: string;
  password: string;
  process: RunningProcess;
  /** Adds rows, or replaces those of the same key. */
  put(rows: CapRows): Promise<void>;
  remove(entity: keyof CapRows, where: Record<string, string | number>): Promise<void>;
  close(): Promise<void>;
}

export interface CapOptions {
  /** Any database of a PostgreSQL server on which this user may create another. */
  databaseUrl: string;
  rows?: CapRows;
  /** Rows a page: beyond it the service sends a next link. */
  pageSize?: number;
}

const keys: Record<keyof CapRows, readonly string[]> = {
  ProjectCosts: ['DocumentNo', 'Item'],
  ServiceHours: ['EntryNo'],
  WbsElements: ['WbsElement'],
};

/** A real SAP CAP service on loopback, OData V4 and V2, with server-driven paging, on a database of its own. */
export async function startCap({ databaseUrl, rows = {}, pageSize = 100 }: CapOptions): Promise<CapServer> {
  const database = await createDatabase(databaseUrl);
  try {
    const env = environment(database.url, pageSize);
    await run(process.execPath, [fileURLToPath(new URL('deploy.js', cdsBinaries))], {
      cwd: projectDirectory,
      env,
      timeout: 60_000,
    });
    await put(database.pool, rows);
    const port = await freePort();
    const v4 = `http://127.0.0.1:${port}/odata/v4/project-costs`;
    const username = 'outturn';
    const password = 'correct horse';
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const running = await startProcess({
      command: process.execPath,
      args: [fileURLToPath(new URL('serve.js', cdsBinaries)), '--port', String(port)],
      cwd: projectDirectory,
      // The V2 adapter learns its target from PORT.
      env: { ...env, PORT: String(port) },
      timeoutMs: 60_000,
      ready: async () => (await fetch(`${v4}/ServiceHours?$top=1`, { headers: { authorization } })).ok,
    });
    return {
      v4,
      // The adapter writes `localhost` for 127.0.0.1 into its next links.
      v2: `http://localhost:${port}/odata/v2/project-costs`,
      username,
      password,
      process: running,
      put: (more) => put(database.pool, more),
      async remove(entity, where) {
        const columns = Object.keys(where);
        const condition = columns.map((column, index) => `${column} = $${index + 1}`).join(' AND ');
        await database.pool.query(`DELETE FROM ${table(entity)} WHERE ${condition}`, Object.values(where));
      },
      async close() {
        await running.close();
        await database.drop();
      },
    };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

const table = (entity: keyof CapRows): string => `outturn_${entity.toLowerCase()}`;

async function put(pool: pg.Pool, rows: CapRows): Promise<void> {
  for (const entity of Object.keys(keys) as (keyof CapRows)[]) {
    const list = rows[entity] ?? [];
    const [first] = list;
    if (first === undefined) continue;
    const columns = Object.keys(first);
    const updates = columns
      .filter((column) => !keys[entity].includes(column))
      .map((column) => `${column} = EXCLUDED.${column}`);
    // One JSON parameter whatever the number of rows; the column types come from the table.
    await pool.query(
      `INSERT INTO ${table(entity)} (${columns.join(', ')})
       SELECT ${columns.join(', ')} FROM json_populate_recordset(null::${table(entity)}, $1)
       ON CONFLICT (${keys[entity].join(', ')}) DO UPDATE SET ${updates.join(', ')}`,
      [JSON.stringify(list.map((row) => lowerCaseKeys(row)))],
    );
  }
}

const lowerCaseKeys = (row: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).map(([key, value]) => [key.toLowerCase(), value]));

interface OwnDatabase {
  url: URL;
  pool: pg.Pool;
  drop(): Promise<void>;
}

async function createDatabase(serverUrl: string): Promise<OwnDatabase> {
  const name = `cap_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const administer = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: serverUrl });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await administer(`CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 1 });
  pool.on('error', () => {});
  return {
    url,
    pool,
    async drop() {
      await pool.end();
      await administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

function environment(url: URL, pageSize: number): Record<string, string | undefined> {
  const credentials = {
    host: url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
  };
  const configuration = {
    requires: { db: { kind: 'postgres', credentials, pool: { min: 0, max: 4 } } },
    query: { limit: { max: pageSize, reliablePaging: true } },
  };
  const { NODE_OPTIONS: _, VITEST: __, ...inherited } = process.env;
  return { ...inherited, NODE_ENV: 'development', CDS_CONFIG: JSON.stringify(configuration) };
}
