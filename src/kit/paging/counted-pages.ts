import { RetryableError } from '../errors.ts';

/** What one page says of how many there are. Null: it does not. */
export interface PageCount {
  rows: number;
  /** Rows of all pages together. */
  total: number | null;
  totalPages: number | null;
  hasMore: boolean | null;
}
/** Pages that were read before and with this one. */
export interface CountedProgress {
  /** Rows of all pages so far. */
  received: number;
  /** Pages so far. */
  pages: number;
}

/**
 * Whether one more page is to be asked for. The source's own word counts first: `hasMore`, then the number of pages, then
 * that of rows. Without any of them only an empty page is the last one: a short page never is. Throws `source/partial`
 * when pages end before the rows that the source counted have come.
 */
export function isMoreDue(page: PageCount, progress: CountedProgress, streamId: string): boolean {
  if (page.hasMore !== null) return page.hasMore;
  if (page.totalPages !== null) return progress.pages < page.totalPages;
  if (page.total === null) return page.rows > 0;
  if (progress.received >= page.total) return false;
  if (page.rows > 0) return true;
  throw new RetryableError(
    'source/partial',
    `stream ${streamId}: the source counts ${page.total} rows but sent ${progress.received}`,
    {
      hint: 'Rows may have been removed while pages were read. If it stays so, page by another way, or leave total out.',
    },
  );
}
