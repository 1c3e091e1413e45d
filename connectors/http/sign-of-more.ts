import { asRecord, nextLinkOfHeader, shownValue } from '#kit';
import type { AnsweredPage } from './pages.ts';

/** What in an answer says that there are more rows than it has; null: nothing does. */
export function signOfMore({ response, document }: AnsweredPage, rows: number): string | null {
  if (nextLinkOfHeader(response.headers['link']) !== null) return 'its Link header leads to a next one';
  const top = asRecord(document.value());
  if (top === null) return null;
  // Under the top or under one name such as `meta`, `paging`, `page_info`.
  const places = [
    ['', top] as const,
    ...Object.entries(top).map(([key, value]) => [`${key}.`, asRecord(value)] as const),
  ];
  for (const [prefix, record] of places)
    for (const [name, value] of Object.entries(record ?? {})) {
      const plain = name.replace(/[_-]/g, '').toLowerCase();
      const isMore = /^(hasmore|more|hasnext|hasnextpage|moreresults)$/.test(plain) && value === true;
      const isNext =
        /^(next|nextlink|nextpage|nextpagetoken|nextcursor|nexttoken|pagetoken)$/.test(plain) &&
        (typeof value === 'string' || typeof value === 'number') &&
        value !== '';
      const isTotal =
        /^(total|totalcount|totalresults|totalitems|count)$/.test(plain) && Number(value) > rows && rows > 0;
      if (isMore || isNext || isTotal) return `${prefix}${name} of the answer is ${shownValue(value)}`;
    }
  return null;
}
