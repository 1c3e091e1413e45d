import { asRecord } from '#kit';

export interface PerfdataValue {
  label: string;
  /** The number as it was written; `U` for unknown. */
  value: string;
  /** As written; null where there is none, and for counters. */
  unit: string | null;
}

const WORDS: Readonly<Record<string, string>> = { seconds: 's', bytes: 'B', percent: '%', b: 'B', KB: 'kB', m: 'min' };

/**
 * One entry of `performance_data`: text as the plugin wrote it, `'label'=value[UOM];warn;crit;min;max`, or an object of type
 * PerfdataValue where a check of Icinga itself gave it. Null for what is neither (Icinga passes on what plugins write).
 */
export function readPerfdata(entry: unknown): PerfdataValue | null {
  if (typeof entry === 'string') return readText(entry);
  const fields = asRecord(entry);
  const { label, value, unit } = fields ?? {};
  if (typeof label !== 'string' || typeof value !== 'number') return null;
  return { label, value: String(value), unit: typeof unit === 'string' && unit !== '' ? (WORDS[unit] ?? unit) : null };
}

function readText(entry: string): PerfdataValue | null {
  // A label may hold an equals sign in quotes; values hold none.
  const equals = entry.lastIndexOf('=');
  if (equals < 1) return null;
  const written = entry.slice(0, equals).trim();
  const isQuoted = written.length > 2 && written.startsWith("'") && written.endsWith("'");
  const label = (isQuoted ? written.slice(1, -1) : written).replaceAll("''", "'");
  const [first = ''] = entry.slice(equals + 1).split(';', 1);
  const [, value = '', uom = ''] =
    /^\s*(U(?![A-Za-z])|nan|[+-]?inf|[-+\d.,]*(?:[eE][-+]?\d+)?)(.*)$/s.exec(first) ?? [];
  const unit = uom.trim();
  return { label, value, unit: unit === '' || unit === 'c' ? null : (WORDS[unit] ?? unit) };
}

/** Whether a label fits one of the patterns, in which `*` stands for anything. */
export function fitsLabel(label: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.split('*');
    const [head = '', ...rest] = parts;
    if (rest.length === 0) return label === pattern;
    const tail = rest.pop() ?? '';
    if (!label.startsWith(head) || !label.endsWith(tail) || label.length < head.length + tail.length) return false;
    let at = head.length;
    for (const part of rest) {
      const found = label.indexOf(part, at);
      if (found < 0 || found + part.length > label.length - tail.length) return false;
      at = found + part.length;
    }
    return true;
  });
}
