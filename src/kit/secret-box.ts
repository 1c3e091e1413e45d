/**
 * Encrypts what must not be read from a copy of the database. `context` says what the text is and whose, such as
 * `secret/SAP_PASSWORD`: it is bound into the sealed form, so that what was sealed for one place opens in no other.
 */
export interface SecretBox {
  /** Printable ASCII without blanks; sealing the same text twice gives two different forms. */
  seal(plain: string, context: string): string;
  /** Throws `secret/unreadable` when it was sealed by a key that is not given, for another context, or was changed. */
  open(sealed: string, context: string): string;
}

/** A secret box whose keys can be told apart, for rotation. */
export interface KeyRing extends SecretBox {
  /** Id of the key that seals: no secret itself. */
  keyId: string;
  /** Ids of all keys that open, the one that seals first. */
  keyIds: readonly string[];
  /** The same text under the key that seals; the text itself is not decrypted. Throws as `open`. */
  rewrap(sealed: string, context: string): string;
}
