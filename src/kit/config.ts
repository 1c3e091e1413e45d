import type { DigestThresholds } from '../domain/digest/condition.ts';
import type { CurrencyCode, FxRate, Portfolio, Project } from '../domain/types.ts';
import type { SourceLimits } from './connector.ts';
import type { Unreadable, UnreadableSettings } from './secrets.ts';
import type { BudgetLimits } from './store/budgets.ts';

export type AuthConfig =
  | { kind: 'none' }
  | { kind: 'basic'; username: string; password: string }
  | { kind: 'bearer'; token: string }
  /** One or more headers that together are the key. */
  | { kind: 'header'; values: Record<string, string> }
  | { kind: 'query'; name: string; value: string }
  /** RFC 6749: client credentials (§4.4), or with a refresh token (§6), which the source may replace at each use. */
  | {
      kind: 'oauth2';
      tokenUrl: string;
      clientId: string;
      /** Null: the client has none (a public one, or one that shows itself by mTLS). */
      clientSecret: string | null;
      scopes: string[];
      /** Null: client credentials. */
      refreshToken: string | null;
      /** More fields of the token request: `audience`, `resource` … */
      parameters: Record<string, string>;
    }
  /** RFC 7523: a JWT signed with the operator's key is exchanged for a token. */
  | {
      kind: 'jwt';
      tokenUrl: string;
      /** `bearer`: the JWT is the grant (§2.1). `client-assertion`: it proves the client of client credentials (§2.2). */
      use: 'bearer' | 'client-assertion';
      issuer: string;
      /** Null: left out of a grant, the issuer in a client assertion. */
      subject: string | null;
      audience: string;
      algorithm: 'RS256' | 'PS256' | 'ES256' | 'EdDSA';
      keyId: string | null;
      /** PEM (PKCS #8). */
      privateKey: string;
      scopes: string[];
      /** More claims of the JWT: NetSuite's `scope` … */
      claims: Record<string, string | number | boolean | string[]>;
      parameters: Record<string, string>;
    }
  /** AWS Signature Version 4 over each request. */
  | {
      kind: 'sigv4';
      accessKeyId: string;
      secretAccessKey: string;
      sessionToken: string | null;
      region: string;
      service: string;
    }
  /** User and password are exchanged for a ticket, the way the connector's kind (or, for `http`, `login`) says. */
  | { kind: 'session'; username: string; password: string };
export type AuthKind = AuthConfig['kind'];

/** What every connector has, whatever its kind. `src/fetch` acts on it. */
export interface HttpSettings {
  /** Absent for kinds that do not speak HTTP. */
  url: string | null;
  auth: AuthConfig;
  timeoutMs: number;
  /** A longer body is a permanent error. */
  maxResponseBytes: number;
  /** What the source may be asked; connectors of one account carry the same. */
  budget: BudgetLimits;
  tls: {
    caFile: string | null;
    rejectUnauthorized: boolean;
    /** mTLS: the client's own certificate and key (PEM), both or none. */
    certFile: string | null;
    keyFile: string | null;
    keyPassphrase: string | null;
  };
  /** `http://host:port` or null. */
  proxy: string | null;
  /** Redirects into private address ranges are refused unless true. */
  allowPrivateRedirects: boolean;
  headers: Record<string, string>;
}

export interface StreamConfig {
  id: string;
  /** Validated by the kind's stream schema. */
  options: unknown;
  /** First pull without a watermark starts here: an ISO date-time, or a duration before now. */
  sinceMs: { kind: 'instant'; atMs: number } | { kind: 'ago'; durationMs: number };
  /** Each pull re-reads this much before the watermark. */
  lookbackMs: number;
  /** Younger samples are provisional. */
  finalAfterMs: number;
}

export interface ConnectorConfig {
  id: string;
  kind: string;
  http: HttpSettings;
  /** Validated by the kind's options schema. */
  options: unknown;
  streams: StreamConfig[];
  /** Those of its `http` that nobody wrote: its kind knows them of the vendor. Absent: none. */
  limitsOfKind?: SourceLimits | undefined;
  /** A secret of it cannot be had: nothing of it may be used. */
  unreadable?: Unreadable | undefined;
}

export const stakeholderRoles = ['sponsor', 'owner', 'finance', 'pmo', 'operations'] as const;
export type StakeholderRole = (typeof stakeholderRoles)[number] | { other: string };

/** Ids of what somebody may be told of; a portfolio stands for all its projects. */
export interface StakeholderScopes {
  projects: string[];
  portfolios: string[];
}

export interface StakeholderConfig {
  id: string;
  name: string;
  role: StakeholderRole | null;
  email: string | null;
  slackId: string | null;
  timeZone: string;
  locale: string;
  /** Headline figures of another currency are shown in this one too; null: only as they are. */
  currency: CurrencyCode | null;
  /** Null: everything. */
  scopes: StakeholderScopes | null;
}

export type DigestCondition = 'always' | 'changed' | 'threshold';
export type DeliveryChannel = 'email' | 'slack';
export interface SubscriptionTarget {
  channel: DeliveryChannel;
  /** E-mail address, Slack channel id or user id. */
  address: string;
  name: string;
  /** Whose address it is; null: one that stands for itself. */
  stakeholder: string | null;
}

export interface SubscriptionConfig {
  id: string;
  /** What it is about: a project or a portfolio; the other is null. */
  project: string | null;
  portfolio: string | null;
  targets: SubscriptionTarget[];
  schedule: string | null;
  timeZone: string;
  locale: string;
  when: DigestCondition;
  /** Not null exactly where `when` is `threshold`. */
  thresholds: DigestThresholds | null;
  /** After so many slots in a row without a digest the next one is sent; null: never for that reason. */
  heartbeat: number | null;
}

export type CatchUpPolicy = 'latest' | 'all' | 'none';
export interface ScheduleConfig {
  id: string;
  cron: string;
  timeZone: string;
  catchUp: CatchUpPolicy;
  /** Each job is put off by a random time shorter than this, so that not all ask at once; 0: none is. */
  maxRandomDelayMs: number;
  /** What it enqueues. */
  job: { kind: string; args: Record<string, unknown> };
}

export interface SmtpConfig {
  host: string;
  port: number;
  user: string | null;
  password: string | null;
  from: string;
  /** `required`: refuse without TLS; `opportunistic`; `none`: plain text, for a relay on the same host. */
  tls: 'required' | 'opportunistic' | 'none' | 'implicit';
  rejectUnauthorized: boolean;
}
export interface SlackConfig {
  token: string;
  /** Another endpoint than Slack's own, for tests and proxies. */
  apiUrl: string | null;
}

export interface Settings {
  timeZone: string;
  /** `automatic`: each start puts the projects of the configuration in force; `manual`: only `outturn apply` does. */
  apply: 'automatic' | 'manual';
  /** Where links in digests lead; null: no links are written. */
  publicUrl: string | null;
  smtp: SmtpConfig | null;
  slack: SlackConfig | null;
  objects:
    | { kind: 'folder'; path: string }
    | {
        kind: 's3';
        endpoint: string | null;
        region: string;
        bucket: string;
        prefix: string;
        accessKeyId: string | null;
        secretAccessKey: string | null;
        forcePathStyle: boolean;
      };
  /** Of archived pages: how long they are kept, and whether those go as well on which figures rest. Absent: for ever. */
  retention?: { pagesMs: number; evidence: 'keep' | 'remove' } | undefined;
  api: { host: string; port: number; token: string | null };
  /** Channels and the API, where a secret of theirs cannot be had. */
  unreadable?: UnreadableSettings | undefined;
}

/** The whole configuration, references resolved, every value checked. */
export interface Config {
  /** The folder that it was read from, absolute. */
  directory: string;
  settings: Settings;
  connectors: ConnectorConfig[];
  /** As written. What is in force is the store's matter: work goes by that. */
  projects: Project[];
  /** Their plans as written, by project and plan: what a frozen plan is compared with. Absent: unknown. */
  writtenPlans?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  /** Ids of projects that the API defines: they may be named here, their definitions lie in the store. */
  projectStubs: string[];
  portfolios: Portfolio[];
  stakeholders: StakeholderConfig[];
  subscriptions: SubscriptionConfig[];
  schedules: ScheduleConfig[];
  fxRates: FxRate[];
  /** Every value that came out of `${env:}`, `${file:}` or stands in a secret field: never to be shown. */
  secrets: string[];
}
