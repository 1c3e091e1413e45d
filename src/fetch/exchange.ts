import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { getCACertificates } from 'node:tls';
import axios, { type AxiosProxyConfig, type AxiosResponse } from 'axios';
import type { HttpSettings } from '#kit';
import { clientPairProblem, PermanentError } from '#kit';
import { type AddressPolicy, guardedLookup, refuseAddress, refuseName } from './address-guard.ts';
import { blockedAddressError, type RequestLabel, timeoutError, tooLargeError, transportError } from './failures.ts';

/** One HTTP request and its whole answer: no redirect, no status is judged here. */
export interface WireRequest {
  method: 'GET' | 'POST';
  address: URL;
  headers: Record<string, string>;
  body: string | null;
  policy: AddressPolicy;
  /** The source chose the host: behind a proxy, its name is looked up here as well. */
  checkName: boolean;
  /** The client's own certificate is for those alone that the operator named. */
  showsCertificate: boolean;
  label: RequestLabel;
}
export interface WireResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** When its headers came, by `performance.now()`: by then the source had the request. */
  headersAtMs: number;
}
export type Exchange = (request: WireRequest, signal: AbortSignal) => Promise<WireResponse>;

type AgentKind = AddressPolicy | `${AddressPolicy}+certificate`;
interface Agents {
  http: HttpAgent;
  https: HttpsAgent;
}

/** Sends requests with the connector's TLS, proxy, time-out and size settings. Connections are kept and reused. */
export function createExchange(
  connectorId: string,
  settings: HttpSettings,
  redact: (text: string) => string,
): Exchange {
  const tls = { rejectUnauthorized: settings.tls.rejectUnauthorized, ...readCa(connectorId, settings.tls.caFile) };
  const identity = readClientPair(connectorId, settings.tls);
  const agents: Partial<Record<AgentKind, Agents>> = {};
  // One pair for each policy: a connection that was made under the looser one must not serve the stricter one.
  const agentsFor = (policy: AddressPolicy, showsCertificate: boolean): Agents => {
    const kind: AgentKind = showsCertificate ? `${policy}+certificate` : policy;
    const options = { keepAlive: true, maxFreeSockets: 4, lookup: guardedLookup(policy) };
    const https = { ...options, ...tls, ...(showsCertificate ? identity : {}) };
    agents[kind] ??= { http: new HttpAgent(options), https: new HttpsAgent(https) };
    return agents[kind];
  };
  const proxy = settings.proxy === null ? null : parseProxy(connectorId, settings.proxy);

  return async (request, signal) => {
    const label: RequestLabel = { ...request.label, proxy: proxy?.address ?? null };
    const refusal = refuseAddress(request.address.hostname, request.policy);
    if (refusal !== null) throw blockedAddressError(label.label, refusal);
    signal.throwIfAborted();

    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(), settings.timeoutMs);
    const either = AbortSignal.any([signal, timer.signal]);
    // Through a proxy the agent's look-up sees the proxy's name alone.
    const { http, https } = agentsFor(proxy === null ? request.policy : 'no-metadata', request.showsCertificate);
    let receivedBytes: number | null = null;
    try {
      if (proxy !== null && request.checkName) await refuseName(request.address.hostname, request.policy);
      const response: AxiosResponse<Readable> = await axios.request<Readable>({
        url: request.address.href,
        method: request.method,
        headers: { accept: 'application/json, text/*;q=0.5, */*;q=0.1', 'user-agent': 'outturn', ...request.headers },
        data: request.body ?? undefined,
        responseType: 'stream',
        transformRequest: [(data: unknown) => data],
        transformResponse: [(data: unknown) => data],
        validateStatus: () => true,
        maxRedirects: 0,
        maxBodyLength: -1,
        maxContentLength: -1,
        proxy: proxy === null ? false : proxy.settings,
        httpAgent: http,
        httpsAgent: https,
        signal: either,
      });
      const headersAtMs = performance.now();
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(response.headers))
        if (value !== undefined && value !== null)
          // Commas stand within cookies as well, in their dates.
          headers[name.toLowerCase()] = Array.isArray(value) ? value.join('\n') : String(value);
      const chunks: Buffer[] = [];
      receivedBytes = 0;
      const stream = response.data;
      const onAbort = (): void => void stream.destroy(new Error('aborted'));
      either.addEventListener('abort', onAbort, { once: true });
      try {
        if (either.aborted) onAbort();
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          receivedBytes += chunk.length;
          // Counted after decompression, so that a small archive cannot fill the memory.
          if (receivedBytes > settings.maxResponseBytes) throw tooLargeError(label, settings.maxResponseBytes);
          chunks.push(chunk);
        }
      } finally {
        either.removeEventListener('abort', onAbort);
        stream.destroy();
      }
      const body = decode(Buffer.concat(chunks), headers['content-type'] ?? '');
      return { status: response.status, headers, body, headersAtMs };
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      if (timer.signal.aborted) throw timeoutError(label, settings.timeoutMs, receivedBytes);
      if (thrown instanceof PermanentError) throw thrown;
      throw transportError(label, thrown, redact);
    } finally {
      clearTimeout(timeout);
    }
  };
}

/** By the charset of the content type, UTF-8 without one; a byte order mark is dropped. */
function decode(body: Buffer, contentType: string): string {
  const charset = /charset="?([\w-]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}

/** The operator's CA beside the ones that are trusted anyway: a token endpoint may have a public certificate. */
function readCa(connectorId: string, caFile: string | null): { ca?: (string | Buffer)[] } {
  if (caFile === null) return {};
  try {
    return { ca: [...getCACertificates('default'), readFileSync(caFile)] };
  } catch (cause) {
    throw new PermanentError('config/unreadable-file', `connector ${connectorId}: cannot read tls.caFile ${caFile}`, {
      hint: 'Name a PEM file with the certificates of the CA, readable by this user.',
      cause,
    });
  }
}

/** mTLS. Read when the connector is first used, and again when the files change. */
function readClientPair(
  connectorId: string,
  { certFile, keyFile, keyPassphrase }: HttpSettings['tls'],
): { cert?: Buffer; key?: Buffer; passphrase?: string } {
  if (certFile === null || keyFile === null) return {};
  const read = (name: string, file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (cause) {
      throw new PermanentError('config/unreadable-file', `connector ${connectorId}: cannot read tls.${name} ${file}`, {
        hint: 'Name a PEM file that this user can read.',
        cause,
      });
    }
  };
  const cert = read('certFile', certFile);
  const key = read('keyFile', keyFile);
  const problem = clientPairProblem(cert.toString('latin1'), key.toString('latin1'), keyPassphrase);
  if (problem !== null) {
    const [name, file] = problem.in === 'key' ? ['keyFile', keyFile] : ['certFile', certFile];
    throw new PermanentError(
      'config/invalid-value',
      `connector ${connectorId}: tls.${name} ${file} ${problem.message}`,
      {
        hint: '`outturn validate` checks both files.',
      },
    );
  }
  return { cert, key, ...(keyPassphrase === null ? {} : { passphrase: keyPassphrase }) };
}

function parseProxy(connectorId: string, text: string): { address: URL; settings: AxiosProxyConfig } {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new PermanentError('config/invalid-value', `connector ${connectorId}: proxy is not an http:// address`, {
      hint: 'Write it as http://host:port.',
    });
  const address = new URL(text);
  const port = address.port === '' ? (address.protocol === 'https:' ? 443 : 80) : Number(address.port);
  const settings: AxiosProxyConfig = { protocol: address.protocol, host: address.hostname, port };
  if (address.username !== '')
    settings.auth = { username: decodeURIComponent(address.username), password: decodeURIComponent(address.password) };
  return { address, settings };
}
