import { PermanentError, sourceUnitHint, unitsDisagree } from '#kit';
import type { Field } from './frames.ts';
import type { GrafanaStream } from './options.ts';

/** How Grafana writes the units that are converted here. */
const UNITS: Readonly<Record<string, string>> = {
  ns: 'ns',
  µs: 'us',
  ms: 'ms',
  s: 's',
  m: 'min',
  h: 'h',
  d: 'd',
  bytes: 'bytes',
  decbytes: 'bytes',
  kbytes: 'KiB',
  deckbytes: 'kB',
  mbytes: 'MiB',
  decmbytes: 'MB',
  gbytes: 'GiB',
  decgbytes: 'GB',
  tbytes: 'TiB',
  dectbytes: 'TB',
  percent: '%',
  percentunit: 'ratio',
  joule: 'J',
  watth: 'Wh',
  kwatth: 'kWh',
  massg: 'g',
  masskg: 'kg',
  masst: 't',
};

/** The unit as this product writes it; null: none that is converted. */
export const unitOf = (written: string | null): string | null => (written === null ? null : (UNITS[written] ?? null));

/** Throws `source/unit-mismatch` when the data source names another unit than the stream. */
export function checkUnit(field: Pick<Field, 'name' | 'unit'>, stream: GrafanaStream, place: string): void {
  const unit = unitOf(field.unit);
  const written = stream.sourceUnit ?? stream.unit;
  if (unit === null || !unitsDisagree(unit, written)) return;
  throw new PermanentError(
    'source/unit-mismatch',
    `${place}: ${field.name.slice(0, 100)} is in ${unit} by its data source, the stream takes its values for ${written}`,
    { hint: sourceUnitHint(unit, stream.unit) },
  );
}
