export interface StoredObject {
  /** Key below the store's root. */
  key: string;
  /** For people: an absolute file path or an `s3://` address. */
  location: string;
  bytes: number;
  sha256: string;
}
/** Content is immutable: putting the same key twice is harmless. */
export interface ObjectStore {
  put(key: string, body: Buffer, contentType: string): Promise<StoredObject>;
  /** Throws `object/not-found`. */
  get(key: string): Promise<Buffer>;
  /** What is not there (any more) is no error. */
  delete(key: string): Promise<void>;
  check(): Promise<void>;
}
