import type { ConnectorConfig } from '../config.ts';

export interface HttpRequest {
  method?: 'GET' | 'POST';
  /** Absolute, or relative to the connector's url. */
  url: string;
  query?: Record<string, string | number | readonly (string | number)[] | undefined>;
  headers?: Record<string, string>;
  /** A string is sent as it is, an object as a form (`application/x-www-form-urlencoded`) or JSON by `bodyType`. */
  body?: string | Record<string, unknown>;
  bodyType?: 'form' | 'json';
  /** Sent without the connector's credentials; its own headers are sent. */
  anonymous?: boolean;
  /** Member of the JSON body that carries a bearer or session token, for protocols that know no Authorization header. */
  tokenMember?: string;
  /** `json` (default): an answer that is not JSON is `source/not-json`. */
  expect?: 'json' | 'text';
  /** Statuses besides 2xx that the caller handles itself instead of an error being thrown. */
  acceptStatuses?: readonly number[];
  /** What the source itself says in the body of a refusal; null: nothing that this protocol knows. Shown in place of the bare body. */
  explain?: (body: string) => string | null;
  /**
   * Whether an answer says, other than by 401, that token or session are not accepted (any more). They are then renewed, where
   * that can be, and the request is sent once more; the second answer is given as it is.
   */
  isRefused?: (answer: { status: number; body: string }) => boolean | Promise<boolean>;
}
export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** The final address, secrets redacted. */
  url: string;
  /** The same as it is, for links in the answer: never shown and never stored. Absent: `url` holds no secret. */
  address?: string;
  receivedAtMs: number;
  /** What `Retry-After` says, for statuses that the caller handles itself. */
  retryAfterMs?: number | undefined;
  /** The body parsed; throws `source/not-json` when it is not JSON. */
  json(): unknown;
}
/** Outbound HTTP for one connector: authentication, time-out, size cap, budget, error classes, redaction are done here. */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResponse>;
  /**
   * What `request` does by itself, for who finds out from the answer whether it failed: asks again after a refusal that may be over
   * in a moment. `ask` is given a client that does not. Absent: nobody repeats.
   */
  repeat?<T>(ask: (plain: HttpClient) => Promise<T>): Promise<T>;
}

/** On whose behalf a source is asked: a backfill always waits for the live pulls of the same account. */
export type FetchPurpose = 'live' | 'backfill';

export interface FetchFactory {
  /** `purpose`: live when absent. */
  client(connector: ConnectorConfig, signal: AbortSignal, options?: { purpose?: FetchPurpose }): HttpClient;
}
