import { createHash } from 'node:crypto';
import type { NewPage, ObjectStore, RawPage } from '#kit';

/** Keeps every answer as evidence, by content hash, secrets redacted. Only what was not taken yet is held, without bodies. */
export class PageArchive {
  readonly #objects: ObjectStore;
  readonly #pullId: string;
  readonly #redact: (text: string) => string;
  #waiting: NewPage[] = [];
  #count = 0;

  constructor(objects: ObjectStore, pullId: string, redact: (text: string) => string) {
    this.#objects = objects;
    this.#pullId = pullId;
    this.#redact = redact;
  }

  /** Stores the body as `pages/<sha256>`; the same body twice is one object. */
  async add(page: RawPage): Promise<NewPage> {
    const body = Buffer.from(this.#redact(page.body));
    const sha256 = createHash('sha256').update(body).digest('hex');
    const stored = await this.#objects.put(`pages/${sha256}`, body, page.contentType);
    const row: NewPage = {
      pullId: this.#pullId,
      seq: this.#count,
      sha256,
      bytes: body.length,
      requestMethod: page.request.method,
      requestUrl: this.#redact(page.request.url),
      objectKey: stored.key,
      receivedAtMs: page.receivedAtMs,
      contentType: page.contentType,
      meta: JSON.parse(
        JSON.stringify(page.meta, (_key, value: unknown) => (typeof value === 'string' ? this.#redact(value) : value)),
      ),
    };
    this.#count += 1;
    this.#waiting.push(row);
    return row;
  }

  /** Those that were not taken yet. */
  take(): NewPage[] {
    const pages = this.#waiting;
    this.#waiting = [];
    return pages;
  }

  /** Pages of the whole pull. */
  get count(): number {
    return this.#count;
  }
  /** Pages that wait to be taken. */
  get held(): number {
    return this.#waiting.length;
  }
}
