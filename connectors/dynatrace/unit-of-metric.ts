/** Units of metric descriptors that can be converted. */
const UNITS: Readonly<Record<string, string>> = {
  NanoSecond: 'ns',
  MicroSecond: 'us',
  MilliSecond: 'ms',
  Second: 's',
  Minute: 'min',
  Hour: 'h',
  Day: 'd',
  Byte: 'B',
  KiloByte: 'kB',
  MegaByte: 'MB',
  GigaByte: 'GB',
  KibiByte: 'KiB',
  MebiByte: 'MiB',
  GibiByte: 'GiB',
  Percent: '%',
  Ratio: 'ratio',
  KiloWattHour: 'kWh',
};

/** `BytePerSecond` as `B/s`; what is none of ours stays as it is. Null: the metric has none. */
export function unitOfMetric(unit: unknown): string | null {
  if (typeof unit !== 'string' || unit === '' || unit === 'NotApplicable' || unit === 'Unspecified') return null;
  return unit
    .split(/(?<=[a-z])Per(?=[A-Z])/)
    .map((part) => (Object.hasOwn(UNITS, part) ? (UNITS[part] ?? part) : part))
    .join('/');
}
