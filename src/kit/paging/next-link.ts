import { PermanentError } from '../errors.ts';
import type { HttpResponse } from '../ports.ts';

/** Where an answer's own links start from. With `url`, all of which may be masked (`url: ${env:…}`), they would lead nowhere. */
export const addressOf = ({ address, url }: Pick<HttpResponse, 'address' | 'url'>): string => address ?? url;

/**
 * A source's own link to its next page as an absolute address: relative ones are relative to the page that they came in
 * (RFC 3986). Throws `source/blocked-address` for another host, because credentials would follow; with `rewriteLinks` the
 * link's path and query are asked of the page's host instead.
 */
export function followedLink(
  link: string,
  pageUrl: string,
  { streamId, rewriteLinks }: { streamId: string; rewriteLinks: boolean },
): string {
  const page = new URL(pageUrl);
  if (!URL.canParse(link, page.href))
    throw new PermanentError('source/bad-shape', `stream ${streamId}: the next link is no address`);
  const target = new URL(link, page.href);
  target.hash = '';
  if (target.origin === page.origin) return target.href;
  if (rewriteLinks) return `${page.origin}${target.pathname}${target.search}`;
  throw new PermanentError(
    'source/blocked-address',
    `stream ${streamId}: the next link leads to ${target.origin}, not to ${page.origin}`,
    { hint: 'If the source stands behind a proxy and names its inner host, set rewriteLinks: true.' },
  );
}
