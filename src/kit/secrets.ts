import type { ConnectorConfig, DeliveryChannel } from './config.ts';
import { type ErrorCode, PermanentError } from './errors.ts';

/** What a secret may be called: `SAP_PASSWORD`, `shop.token`. Upper and lower case differ. */
export const SECRET_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;
/** What SECRET_NAME asks for, in words. */
export const SECRET_NAME_RULE = 'letters, digits, "_", "." and "-", at most 63, a letter first';
/** A secret is a line or a key, never a book. */
export const MAX_SECRET_BYTES = 64 * 1024;

/** What a sealed secret is bound to. */
export const secretContext = (name: string): string => `secret/${name}`;
/** What a sealed token of a source is bound to; `key` as in TokenStore. */
export const tokenContext = (key: string): string => `token/${key}`;

/** Why a secret cannot be had, though it is there or was. */
export interface Unreadable {
  code: ErrorCode;
  message: string;
  hint?: string | undefined;
  /** It is not there at all: nobody has set it. */
  isMissing?: true | undefined;
}

/** What `${secret:NAME}` gives. */
export type SecretAnswer =
  | { state: 'known'; value: string }
  /** Nobody has set it. */
  | { state: 'missing'; suggestion: string | null }
  | ({ state: 'unreadable' } & Unreadable);
/** Must not throw. */
export type SecretLookup = (name: string) => Promise<SecretAnswer>;

/** A place of the configuration that names a secret. */
export interface SecretUse {
  name: string;
  /** As problems name it. */
  file: string;
  line: number;
  column: number;
  /** `connectors.sap.auth.password`. */
  path: string;
  /** Id of the connector that it belongs to, null elsewhere. */
  connector: string | null;
}

/** Throws what keeps a connector from being used: a secret of it cannot be had. */
export function requireReadable(connector: Pick<ConnectorConfig, 'unreadable'>): void {
  if (connector.unreadable === undefined) return;
  const { code, message, hint } = connector.unreadable;
  throw new PermanentError(code, message, { hint });
}

/** Of each part of the settings that a secret stops, why. */
export type UnreadableSettings = Partial<Record<DeliveryChannel | 'api', Unreadable>>;

/** A stored secret, or one that the configuration names and nobody has set; never its value. */
export interface SecretView {
  name: string;
  /** `missing`: named by the configuration, not set. */
  state: 'readable' | 'unreadable' | 'missing';
  /** Why it is unreadable. */
  problem: string | null;
  /** The key that it was encrypted by; null: missing. */
  keyId: string | null;
  setAtMs: number | null;
  setBy: string | null;
  usedBy: SecretUse[];
}

/** What became of each secret, by name, and how many tokens of sources went along. */
export interface SecretRotation {
  keyId: string;
  rotated: string[];
  unchanged: string[];
  unreadable: string[];
  tokens: number;
}

/** Secrets as operators see them: written, listed and removed, never read. */
export interface SecretAdmin {
  /** By name; those that are missing among them. */
  list(): Promise<SecretView[]>;
  /** Throws `secret/no-key`, and `usage` for a name or value that cannot be taken. */
  set(name: string, value: string, by: string): Promise<'created' | 'replaced'>;
  /** Throws `not-found`, and `secret/in-use` unless forced. */
  remove(name: string, options: { force: boolean }): Promise<void>;
  /** Puts every secret and token under the key that seals. What cannot be decrypted stays as it is. */
  rotate(): Promise<SecretRotation>;
}
