/** Where the objects of `s3://bucket/key` are, and who asks. Null: as the SDK's own chain of environment, profile and role says. */
export interface S3Access {
  endpoint: string | null;
  region: string | null;
  accessKeyId: string | null;
  secretAccessKey: string | null;
  sessionToken: string | null;
  forcePathStyle: boolean;
}
export interface FoundFile {
  /** Absolute, or `s3://bucket/key`. */
  path: string;
  modifiedAtMs: number;
  bytes: number;
  /** Changes with the content, where the store says so (ETag): a file that changed since it was listed is not read. */
  version?: string | undefined;
}
export interface FileAccess {
  /** Needed for `s3://…` only. */
  s3?: S3Access | null | undefined;
  signal?: AbortSignal | undefined;
}
/** Files a connector may read: below the configuration folder, or in S3. */
export interface FileSource {
  /** What matches a path or a glob, sorted by path. Throws `config/not-found` when nothing does, `source/…` for S3. */
  list(pattern: string, access?: FileAccess): Promise<FoundFile[]>;
  /**
   * The text in pieces, read as fast as they are taken. Gzip is unpacked (told by the content, not by the name). Throws
   * `source/too-large` past `maxBytes` of unpacked text or for what unpacks to hundreds of times its size, and
   * `source/bad-shape` for what is no text or broken gzip.
   */
  read(file: Pick<FoundFile, 'path' | 'version'>, options: FileAccess & { maxBytes: number }): AsyncIterable<string>;
}
