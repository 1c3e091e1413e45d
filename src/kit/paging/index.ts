/** Pages of a source: how one leads to the next, and when there is none. */
export * from './counted-pages.ts';
export * from './each-page.ts';
export * from './keyset.ts';
export * from './link-header.ts';
export * from './next-link.ts';
