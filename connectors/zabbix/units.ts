import { isConvertibleUnit, PermanentError, unitConversion } from '#kit';
import { type Item, nameOf } from './items.ts';
import type { ZabbixStream } from './options.ts';

/** What Zabbix writes for units that we call otherwise; `!` before a unit only says that it is shown without a prefix. */
const ALIASES: Readonly<Record<string, string>> = { uptime: 's', seconds: 's', percent: '%', b: 'B', bytes: 'B' };
/** Units that Zabbix treats in a way of its own and that none of ours can be. */
const OWN: ReadonlySet<string> = new Set(['bps', 'Bps', 'unixtime', 'rpm', 'RPM', 'vps', 'qps']);

/** An item's unit as we write it; null where it has none. */
export function unitOf({ units }: Pick<Item, 'units'>): string | null {
  const bare = units.replace(/^!/, '').trim();
  return bare === '' ? null : (ALIASES[bare] ?? bare);
}

/**
 * Throws `source/unit-mismatch` where an item's unit contradicts what the stream takes its values for. A unit that neither
 * Zabbix nor we know (`failures`) contradicts nothing.
 */
export function assertUnits(items: readonly Item[], stream: ZabbixStream, streamId: string): void {
  if (stream.aggregate === 'count') return;
  const written = stream.sourceUnit ?? stream.unit;
  for (const item of items) {
    const unit = unitOf(item);
    if (unit === null || unit === written || (!isConvertibleUnit(unit) && !OWN.has(unit))) continue;
    const convert = isConvertibleUnit(unit) ? unitConversion(unit, written) : null;
    if (convert !== null && convert(1) === 1) continue;
    throw new PermanentError(
      'source/unit-mismatch',
      `stream ${streamId}: ${nameOf(item)} is in ${item.units} in Zabbix, the stream takes its values for ${written}`,
      {
        hint:
          unitConversion(unit, stream.unit) === null
            ? `Write \`unit: ${unit}\`, or correct the unit of the item in Zabbix.`
            : `Write \`sourceUnit: ${unit}\`; the values are then converted to ${stream.unit}.`,
      },
    );
  }
}
