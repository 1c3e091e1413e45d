/** What is known of the token of one set of credentials. Times are the store's, so that no process's clock matters. */
export interface TokenRow {
  /** 0: there never was one. Each one that is saved takes the next. */
  generation: number;
  /** The token, sealed; null: there never was one. */
  sealed: string | null;
  /** Until it ends; negative when it has. Null: unknown. */
  expiresInMs: number | null;
  /** How long the process that renews it now may take at most; 0: none does. */
  heldForMs: number;
  /** The source refused the credentials themselves, and nobody tries them again for so long. */
  refusal: { reason: string; agoMs: number; endsInMs: number } | null;
}

/**
 * Tokens of sources, renewed by one process at a time and shared by all. A key names one set of credentials. The store sees
 * sealed texts alone. What a process holds ends by itself: one that stands still holds up nobody for ever.
 */
export interface TokenStore {
  /** `generation` 0 and nothing else where nothing is known of the key. */
  read(key: string): Promise<TokenRow>;
  /**
   * Leave to renew the token of that generation. `interrupted`: a process that had leave neither saved nor released, so that
   * the source may have given a token that nobody has. Not granted: another one has leave, or there is a newer token.
   */
  claim(request: {
    key: string;
    /** Who has it, for people. */
    connector: string;
    generation: number;
    holder: string;
    leaseMs: number;
  }): Promise<{ granted: boolean; interrupted: boolean; row: TokenRow }>;
  /**
   * Keeps the new token durably, and gives up the leave. False, and nothing is kept: another process has renewed the same
   * generation meanwhile, and the caller has leave no more.
   */
  save(token: {
    key: string;
    generation: number;
    holder: string;
    sealed: string;
    expiresInMs: number | null;
  }): Promise<boolean>;
  /** Gives up the leave without a token. Twice is the same as once. */
  release(key: string, holder: string): Promise<void>;
  /** The source refused the credentials: nobody tries them again for so long. Gives up the leave. */
  refuse(refusal: { key: string; holder: string; reason: string; holdsMs: number }): Promise<void>;
}
