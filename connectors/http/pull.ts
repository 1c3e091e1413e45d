import {
  addressOf,
  type ConnectorContext,
  PermanentError,
  type PullContext,
  type PullWindow,
  type RawPage,
  rawPage,
  splitWindow,
  type TemplateValues,
} from '#kit';
import { fieldOf } from './document.ts';
import type { HttpOptions, HttpStream, Reading } from './options.ts';
import { type AnsweredPage, pagesOf } from './pages.ts';
import { readItems, readRows } from './rows.ts';

/** What parse needs besides the body; archived with the page. */
export interface PageMeta extends Record<string, unknown> {
  /** Number of the page among those of its request, from 1: for messages. */
  page: number;
  /** The item that the request was made for, and those before it, by the ids of their requests. */
  item: unknown;
  parents: Record<string, unknown>;
  status: number;
  /** Why a rule ignores the answer; null: it counts. */
  ignored: string | null;
}

/** Beyond this an item is no id with a name, and every page would be archived with it. */
const MOST_ITEM_CHARACTERS = 20_000;

interface Place {
  item: unknown;
  parents: Record<string, unknown>;
  parentUrl: string | null;
}
export type ReadingContext = Pick<ConnectorContext<HttpOptions>, 'options' | 'http' | 'extract' | 'signal'> & {
  streamId: string;
  reading: Reading;
  window: PullWindow;
};

/** Pages with rows, in order, piece by piece of the window. */
export async function* pullPages(ctx: PullContext<HttpOptions, HttpStream>): AsyncIterable<RawPage> {
  const { slice } = ctx.stream;
  const windows = slice === undefined ? [ctx.window] : splitWindow(ctx.window, slice, slice);
  for (const window of windows) {
    // One page is held back: only the end of a piece says that it was its last one.
    let held: RawPage | null = null;
    for await (const page of readPages({ ...ctx, reading: ctx.stream, window })) {
      if (held !== null) yield held;
      held = toRawPage(page);
    }
    if (held !== null) yield slice === undefined ? held : { ...held, completeToMs: window.toMs };
  }
}

export interface FoundPage extends AnsweredPage {
  place: Place;
}

function toRawPage({ place, ...page }: FoundPage): RawPage {
  const meta: PageMeta = {
    page: page.number,
    item: place.item ?? null,
    parents: place.parents,
    status: page.response.status,
    ignored: page.ignored,
  };
  return rawPage(page, meta);
}

/** Answers of the last request of the chain, for every item of those before it. */
export async function* readPages(
  ctx: ReadingContext,
  level = 0,
  place: Place = { item: undefined, parents: {}, parentUrl: null },
): AsyncGenerator<FoundPage> {
  const { reading, options, extract, streamId, window } = ctx;
  const request = reading.requests[level];
  if (request === undefined) return;
  const isLast = level === reading.requests.length - 1;
  const bindings = bindingsOf(place);
  const pages = pagesOf(request, {
    http: ctx.http,
    signal: ctx.signal,
    streamId,
    extract,
    bindings,
    rules: [...request.rules, ...options.rules],
    timeZone: options.timeZone,
    rewriteLinks: options.rewriteLinks,
    parentUrl: place.parentUrl,
    values: valuesOf(place, options, window, streamId),
    entries: async (document) =>
      isLast
        ? await readRows(document, reading, extract, bindings)
        : await readItems(document, request.items ?? '', extract, bindings),
  });
  for await (const page of pages) {
    if (isLast) {
      yield { ...page, place };
      continue;
    }
    if (page.ignored !== null) continue;
    for (const item of await readItems(page.document, request.items ?? '', extract, bindings)) {
      if (JSON.stringify(item).length > MOST_ITEM_CHARACTERS)
        throw new PermanentError(
          'source/too-large',
          `stream ${streamId}: an item is longer than ${MOST_ITEM_CHARACTERS} characters`,
          {
            hint: 'Let items give only what the next requests need: items: \'projects.{"id": id}\'.',
          },
        );
      const parents = request.id === undefined ? place.parents : { ...place.parents, [request.id]: item };
      yield* readPages(ctx, level + 1, { item, parents, parentUrl: addressOf(page.response) });
    }
  }
}

/** What JSONata finds besides the answer. */
export const bindingsOf = ({ item, parents }: Pick<Place, 'item' | 'parents'>): Record<string, unknown> => ({
  ...parents,
  ...(item === undefined || item === null ? {} : { item }),
});

function valuesOf(place: Place, options: HttpOptions, window: PullWindow, streamId: string): TemplateValues {
  return (name) => {
    if (name === 'window.from') return window.fromMs;
    if (name === 'window.to') return window.toMs;
    const [head = '', ...rest] = name.split('.');
    if (head === 'values') {
      const key = rest.join('.');
      if (Object.hasOwn(options.values, key)) return options.values[key];
      throw new Error(`values has no ${key}; it has ${Object.keys(options.values).join(', ') || 'nothing'}`);
    }
    const item = head === 'item' ? place.item : Object.hasOwn(place.parents, head) ? place.parents[head] : undefined;
    const found = rest.length === 0 ? item : fieldOf(item, rest.join('.'));
    if (found === undefined && head !== 'cursor')
      throw new PermanentError('source/bad-shape', `stream ${streamId}: the item has no ${name}`, {
        hint: 'Check the names in {{…}} and what items gives.',
      });
    return found;
  };
}
