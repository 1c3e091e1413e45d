import type { CatalogEntry, ConnectorContext } from '#kit';
import { connectApi, rowsOf } from './api.ts';
import { ITEM_FIELDS, nameOf, readItem } from './items.ts';
import type { ZabbixOptions } from './options.ts';
import { unitOf } from './units.ts';

const MOST_ENTRIES = 5000;

/** Every numeric item that the user may read and that is being filled, as a stream to start from. */
export async function discoverItems(ctx: ConnectorContext<ZabbixOptions>): Promise<CatalogEntry[]> {
  const api = await connectApi(ctx.http, 'discover');
  const { result } = await api.call('item.get', {
    ...ITEM_FIELDS,
    filter: { value_type: [0, 3] },
    monitored: true,
    limit: MOST_ENTRIES,
  });
  return rowsOf(result, 'discover: item.get').map((row, index) => {
    const item = readItem(row, `discover: item.get, item ${index + 1}`);
    const unit = unitOf(item);
    return {
      id: nameOf(item),
      title: `${item.name} of ${item.hostName}`,
      unit,
      stream: { host: item.host, key: item.key, aggregate: 'avg', step: '1h', unit: unit ?? 'units' },
    };
  });
}
