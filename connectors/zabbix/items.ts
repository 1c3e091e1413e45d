import { asRecord, PermanentError, parseDurationMs, shownValue } from '#kit';
import { type Api, rowsOf } from './api.ts';
import type { LabelName, ZabbixStream } from './options.ts';

/** Beyond this a stream is taken to be meant otherwise. */
const MOST_ITEMS = 5000;
const NUMERIC = new Set([0, 3]);
const KNOWN_TYPES = new Set([0, 1, 2, 3, 4]);

export interface Item {
  id: string;
  host: string;
  hostName: string;
  key: string;
  name: string;
  units: string;
  /** 0 float, 1 character, 2 log, 3 unsigned, 4 text: `history.get` reads one of these tables at a time. */
  valueType: number;
  /** How long history is kept; null where a macro says it. */
  historyMs: number | null;
  hasTrends: boolean;
  tags: Map<string, string>;
}

/** What `item.get` is asked for besides the choice of items. */
export const ITEM_FIELDS = {
  output: ['itemid', 'name', 'key_', 'units', 'value_type', 'history', 'trends'],
  selectHosts: ['host', 'name'],
  // Steps of web scenarios are items too, and left out unless asked for.
  webitems: true,
  // A super admin would see those of templates as well, which have no values.
  templated: false,
  sortfield: 'itemid',
};

/** The items of a stream, by their ids. Throws `source/not-found` when none is to be seen. */
export async function findItems(api: Api, stream: ZabbixStream, streamId: string): Promise<Item[]> {
  const filter = {
    ...(stream.host === undefined ? {} : { host: stream.host }),
    ...(stream.key === undefined ? {} : { key_: stream.key }),
  };
  const tags = Object.entries(stream.tags ?? {}).map(([tag, value]) => ({ tag, value, operator: 1 }));
  const { result } = await api.call('item.get', {
    ...ITEM_FIELDS,
    ...(stream.itemIds === undefined ? {} : { itemids: stream.itemIds }),
    ...(Object.keys(filter).length === 0 ? {} : { filter }),
    ...(stream.keyPattern === undefined ? {} : { search: { key_: stream.keyPattern }, searchWildcardsEnabled: true }),
    ...(tags.length === 0 ? {} : { tags, evaltype: 0 }),
    ...(stream.labels.some((label) => label.startsWith('tag:')) ? { selectTags: ['tag', 'value'] } : {}),
    limit: MOST_ITEMS + 1,
  });
  const place = `stream ${streamId}: item.get`;
  const rows = rowsOf(result, place);
  if (rows.length > MOST_ITEMS)
    throw new PermanentError('source/too-large', `${place}: more than ${MOST_ITEMS} items fit`, {
      hint: 'Name hosts, or write a narrower keyPattern; several streams may share the items.',
    });
  const items = rows.map((row, index) => readItem(row, `${place}, item ${index + 1}`));
  if (items.length === 0)
    throw new PermanentError('source/not-found', `stream ${streamId}: no item fits, or the user may see none of them`, {
      hint: 'Compare host (the technical name) and key with Zabbix, and give the user read permission to the host group.',
    });
  const wrong = items.find(({ valueType }) => !(stream.aggregate === 'count' ? KNOWN_TYPES : NUMERIC).has(valueType));
  if (wrong !== undefined)
    throw new PermanentError('source/bad-request', `stream ${streamId}: ${nameOf(wrong)} is no number but text`, {
      hint: 'Write aggregate: count to count its values, or make the item numeric in Zabbix.',
    });
  return items;
}

export const nameOf = ({ host, key }: Item): string => `${host}:${key}`;

/** `place` names the item for complaints. */
export function readItem(row: unknown, place: string): Item {
  const fields = asRecord(row);
  const host = asRecord(Array.isArray(fields?.['hosts']) ? fields['hosts'][0] : null);
  const text = (from: Record<string, unknown> | null, name: string): string => {
    const value = from?.[name];
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    throw new PermanentError('source/bad-shape', `${place} has ${shownValue(value)} for ${name}`, {
      hint: 'Check that url leads to the Zabbix frontend.',
    });
  };
  const values = new Map<string, string[]>();
  if (Array.isArray(fields?.['tags']))
    for (const each of fields['tags']) {
      const tag = text(asRecord(each), 'tag');
      values.set(tag, [...(values.get(tag) ?? []), text(asRecord(each), 'value')]);
    }
  // An item may have a tag several times, in any order.
  const tags = new Map([...values].map(([tag, each]) => [tag, each.sort().join(',')]));
  return {
    id: text(fields, 'itemid'),
    host: text(host, 'host'),
    hostName: text(host, 'name'),
    key: text(fields, 'key_'),
    name: text(fields, 'name'),
    units: text(fields, 'units'),
    valueType: Number(text(fields, 'value_type')),
    historyMs: retentionMs(text(fields, 'history')),
    hasTrends: retentionMs(text(fields, 'trends')) !== 0,
    tags,
  };
}

/** `7d`, `1w`, bare seconds, `0`; null for a macro such as `{$HISTORY}`. */
export function retentionMs(written: string): number | null {
  return /^\d+$/.test(written) ? Number(written) * 1000 : parseDurationMs(written);
}

/** The labels of each item by its id. Throws `source/bad-shape` when two items cannot be told apart. */
export function labelsOf(
  items: readonly Item[],
  stream: ZabbixStream,
  streamId: string,
): Map<string, Record<string, string>> {
  const labels = new Map<string, Record<string, string>>();
  const seen = new Map<string, Item>();
  for (const item of items) {
    const own = Object.fromEntries(
      [...stream.labels].sort().map((label) => [labelName(label), labelValue(item, label)] as const),
    );
    const key = JSON.stringify(own);
    const twin = seen.get(key);
    if (twin !== undefined)
      throw new PermanentError(
        'source/bad-shape',
        `stream ${streamId}: ${nameOf(twin)} and ${nameOf(item)} cannot be told apart by ${stream.labels.join(', ') || 'no labels'}`,
        { hint: 'Name more labels (host, key), or fewer items.' },
      );
    seen.set(key, item);
    labels.set(item.id, own);
  }
  return labels;
}

const labelName = (label: string): string => (label.startsWith('tag:') ? label.slice(4) : label);
function labelValue(item: Item, label: string): string {
  if (label.startsWith('tag:')) return item.tags.get(label.slice(4)) ?? '';
  return label === 'itemId' ? item.id : item[label as Exclude<LabelName, 'itemId'>];
}
