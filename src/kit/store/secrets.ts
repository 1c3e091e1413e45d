/** A stored secret without its value. */
export interface SecretRow {
  name: string;
  /** Id of the key that wraps it. */
  keyId: string;
  createdAtMs: number;
  /** When its value was written last. */
  setAtMs: number;
  setBy: string;
}
/** Secrets as sealed forms; the store never sees a value. */
export interface SecretRepository {
  /** By name. */
  list(): Promise<SecretRow[]>;
  /** Every sealed form, by name. */
  sealed(): Promise<{ name: string; sealed: string }[]>;
  set(secret: { name: string; sealed: string; setBy: string }): Promise<'created' | 'replaced'>;
  /** False: there was none. */
  remove(name: string): Promise<boolean>;
  /** The same value under another key; false when it was set anew or removed in between. */
  rewrap(secret: { name: string; from: string; to: string }): Promise<boolean>;
  /** Tokens of sources, sealed by the same keys. */
  sealedTokens(): Promise<{ key: string; sealed: string }[]>;
  /** As `rewrap`. */
  rewrapToken(token: { key: string; from: string; to: string }): Promise<boolean>;
  /** Changes whenever a value is set or removed, not when it is put under another key. */
  fingerprint(): Promise<string>;
}
