import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { resolve } from 'node:path';
import { type ConnectionOptions, connect as connectTls, getCACertificates } from 'node:tls';
import { Client } from 'pg';
import { PermanentError, type SqlConnection } from '#kit';
import { BlockedAddressError, refuseAddress } from './address-guard.ts';
import { codeOf } from './failures.ts';
import { placeOf } from './sql-errors.ts';

/** One connection to a foreign database. */
export interface SqlSession {
  client: Client;
  /** Has the server end what it is doing for this session (CancelRequest), then drops the connection. Never throws. */
  cancel(): Promise<void>;
  /** Drops the connection; the server rolls back. Never throws. */
  close(): Promise<void>;
}

/** How long a server may take to hear of a cancellation or a goodbye: whoever cancels is not to wait for it. */
const FAREWELL_MS = 500;
/** The code in place of a protocol version that asks for TLS, and the one that asks to cancel (protocol documentation, "Message Formats"). */
const SSL_REQUEST = 80_877_103;
const CANCEL_REQUEST = 80_877_102;

/**
 * Connects to the first address of the host that answers. Throws what node and pg throw; `signal` breaks it off.
 * Link-local and metadata addresses are refused: BlockedAddressError.
 */
export async function openSession(
  connection: SqlConnection,
  baseDirectory: string,
  signal: AbortSignal,
): Promise<SqlSession> {
  const tls = await tlsOptions(connection, baseDirectory);
  let failure: unknown = new Error(`no address for ${connection.host}`);
  for (const address of await inTime(addressesOf(connection.host), connection, signal)) {
    signal.throwIfAborted();
    try {
      return await openAt(address, connection, tls, signal);
    } catch (thrown) {
      failure = thrown;
      // Only what is no server at all is worth another address: a refused password stays refused.
      const code = thrown instanceof Error ? codeOf(thrown) : '';
      if (!['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'].includes(code)) break;
    }
  }
  throw failure;
}

/** A resolver that is silent takes its time, and cannot be told to stop: whoever cancels does not wait for it. */
function inTime<T>(work: Promise<T>, { host, connectTimeoutMs }: SqlConnection, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    const timer = setTimeout(
      () => reject(new Error(`timeout expired: nobody said where ${host} is`)),
      connectTimeoutMs,
    );
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    });
  });
}

/** Looked up here and not by pg, so that the address that is judged is the one that is asked. */
async function addressesOf(host: string): Promise<string[]> {
  // A path is the folder of a Unix socket.
  if (host.startsWith('/')) return [host];
  const found = await lookup(host, { all: true });
  for (const { address } of found) {
    const reason = refuseAddress(address, 'no-metadata');
    if (reason !== null) throw new BlockedAddressError(`${host} leads to ${address}: ${reason}`);
  }
  return found.map(({ address }) => address);
}

async function openAt(
  address: string,
  connection: SqlConnection,
  ssl: ConnectionOptions | null,
  signal: AbortSignal,
): Promise<SqlSession> {
  const socket = new Socket();
  const client = new Client({
    host: address,
    port: connection.port,
    database: connection.database,
    user: connection.user,
    // As a function, so that an empty one is not looked for in the environment or ~/.pgpass.
    password: () => connection.password,
    ssl: ssl === null ? false : ssl,
    stream: () => socket,
    connectionTimeoutMillis: connection.connectTimeoutMs,
    keepAlive: true,
    application_name: 'outturn',
  });
  // A connection that breaks while nothing is asked is noticed by the next question.
  client.on('error', () => {});
  const backend: { key: { processID: number; secretKey: number } | null } = { key: null };
  client.connection.on('backendKeyData', (key: { processID: number; secretKey: number }) => {
    backend.key = key;
  });
  const destroy = (): void => void socket.destroy();
  signal.addEventListener('abort', destroy, { once: true });
  try {
    await client.connect();
    signal.throwIfAborted();
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', destroy);
  }
  return {
    client,
    async cancel() {
      if (backend.key !== null) await sendCancel(address, connection.port, ssl, backend.key);
      socket.destroy();
    },
    async close() {
      const ended = client.end().catch(() => {});
      await Promise.race([ended, afterMs(FAREWELL_MS)]);
      socket.destroy();
    },
  };
}

async function tlsOptions({ host, tls, ...rest }: SqlConnection, base: string): Promise<ConnectionOptions | null> {
  if (tls.mode === 'disable') return null;
  const read = async (name: string, file: string): Promise<Buffer> => {
    try {
      return await readFile(resolve(base, file));
    } catch (thrown) {
      throw new PermanentError(
        'config/unreadable-file',
        `${placeOf({ host, tls, ...rest })}: cannot read tls.${name} ${file}`,
        { hint: 'Paths are relative to the configuration folder.', cause: thrown },
      );
    }
  };
  return {
    rejectUnauthorized: tls.mode === 'verify-full',
    ...(/^[\d.]+$|:/.test(host) || host.startsWith('/') ? {} : { servername: host }),
    ...(tls.caFile === null ? {} : { ca: [...getCACertificates('default'), await read('caFile', tls.caFile)] }),
    ...(tls.certFile === null ? {} : { cert: await read('certFile', tls.certFile) }),
    ...(tls.keyFile === null ? {} : { key: await read('keyFile', tls.keyFile) }),
  };
}

/** On a connection of its own, as the protocol wants it; the server answers nothing. */
function sendCancel(
  host: string,
  port: number,
  tls: ConnectionOptions | null,
  { processID, secretKey }: { processID: number; secretKey: number },
): Promise<void> {
  return new Promise((resolve) => {
    const socket = host.startsWith('/')
      ? new Socket().connect(`${host}/.s.PGSQL.${port}`)
      : new Socket().connect(port, host);
    const timer = setTimeout(done, FAREWELL_MS);
    function done(): void {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    }
    const request = int32(16, CANCEL_REQUEST, processID, secretKey);
    socket.once('error', done).once('close', done);
    socket.once('connect', () => {
      if (tls === null) {
        socket.write(request);
        return;
      }
      socket.write(int32(8, SSL_REQUEST));
      socket.once('data', (answer) => {
        if (answer.toString('latin1') !== 'S') return done();
        const secured = connectTls({ ...tls, socket, host }, () => secured.write(request));
        secured.once('error', done).once('close', done);
      });
    });
  });
}

function int32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeInt32BE(value, index * 4);
  });
  return bytes;
}

function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
