/** The units of UCUM that OpenTelemetry writes, and words that agents use. */
const UNITS: Readonly<Record<string, string>> = {
  By: 'B',
  KiBy: 'KiB',
  MiBy: 'MiB',
  GiBy: 'GiB',
  kBy: 'kB',
  MBy: 'MB',
  GBy: 'GB',
  byte: 'B',
  bytes: 'B',
  seconds: 's',
  milliseconds: 'ms',
  microseconds: 'us',
  nanoseconds: 'ns',
  percent: '%',
};

/** `By/s` as `B/s`; what is none of ours stays as it is. `1` has no unit: it counts, or is a share. */
export function unitOfMetric(unit: string): string {
  return unit
    .split('/')
    .map((part) => (Object.hasOwn(UNITS, part) ? (UNITS[part] ?? part) : part))
    .join('/');
}
