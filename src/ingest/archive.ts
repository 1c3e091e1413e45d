import { createHash } from 'node:crypto';
import type { ObjectStore, PullPageRow, RawPage } from '#kit';

/** Keeps every answer as evidence, by content hash, secrets redacted. */
export class PageArchive {
  readonly #objects: ObjectStore;
  readonly #pullId: string;
  readonly #redact: (text: string) => string;
  readonly #pages: PullPageRow[] = [];
  readonly #manifest: Record<string, unknown>[] = [];

  constructor(objects: ObjectStore, pullId: string, redact: (text: string) => string) {
    this.#objects = objects;
    this.#pullId = pullId;
    this.#redact = redact;
  }

  /** Stores the body as `pages/<sha256>`; the same body twice is one object. */
  async add(page: RawPage): Promise<PullPageRow> {
    const body = Buffer.from(this.#redact(page.body));
    const sha256 = createHash('sha256').update(body).digest('hex');
    const requestUrl = this.#redact(page.request.url);
    const stored = await this.#objects.put(`pages/${sha256}`, body, page.contentType);
    const row: PullPageRow = {
      pullId: this.#pullId,
      seq: this.#pages.length,
      sha256,
      bytes: body.length,
      requestMethod: page.request.method,
      requestUrl,
      objectKey: stored.key,
      receivedAtMs: page.receivedAtMs,
    };
    this.#pages.push(row);
    this.#manifest.push({
      seq: row.seq,
      sha256,
      contentType: page.contentType,
      request: { method: page.request.method, url: requestUrl },
      receivedAtMs: page.receivedAtMs,
      meta: JSON.parse(
        JSON.stringify(page.meta, (_key, value: unknown) => (typeof value === 'string' ? this.#redact(value) : value)),
      ),
    });
    return row;
  }

  /** `pulls/<id>.json`: what a newer parser needs besides the bodies, to read the pages again without the vendor. */
  async close(facts: { connector: string; stream: string; kind: string }): Promise<void> {
    const manifest = { format: 1, pullId: this.#pullId, ...facts, pages: this.#manifest };
    const body = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
    await this.#objects.put(`pulls/${this.#pullId}.json`, body, 'application/json');
  }

  get pages(): readonly PullPageRow[] {
    return this.#pages;
  }
}
