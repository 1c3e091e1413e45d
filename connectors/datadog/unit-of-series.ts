import { asRecord } from '#kit';

/** Units of https://docs.datadoghq.com/metrics/units/ that can be converted, by the vendor's names. */
const UNITS: Readonly<Record<string, string>> = {
  nanosecond: 'ns',
  microsecond: 'us',
  millisecond: 'ms',
  second: 's',
  minute: 'min',
  hour: 'h',
  day: 'd',
  byte: 'B',
  kibibyte: 'KiB',
  mebibyte: 'MiB',
  gibibyte: 'GiB',
  tebibyte: 'TiB',
  kilobyte: 'kB',
  megabyte: 'MB',
  gigabyte: 'GB',
  terabyte: 'TB',
  percent: '%',
  fraction: 'ratio',
  gram: 'g',
  kilogram: 'kg',
  watt_hour: 'Wh',
  kilowatt_hour: 'kWh',
};

/** `[unit, unit below the line]` of a series as `ms`, `B/s`, `request`; null: the source does not say. */
export function unitOfSeries(value: unknown): string | null {
  if (!Array.isArray(value)) return null;
  const [above, below] = value.map(nameOf);
  if (above === undefined || above === null) return null;
  return below === undefined || below === null ? unitOfName(above) : `${unitOfName(above)}/${unitOfName(below)}`;
}

/** The vendor's name where it is none of ours. */
export function unitOfName(name: string): string {
  return (Object.hasOwn(UNITS, name) ? UNITS[name] : undefined) ?? name;
}

function nameOf(value: unknown): string | null {
  const name = asRecord(value)?.['name'];
  return typeof name === 'string' && name !== '' ? name : null;
}
