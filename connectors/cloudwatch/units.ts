/** CloudWatch's `StandardUnit`, and what the same unit is called here; null: nothing that could be compared. */
export const standardUnits = {
  Seconds: 's',
  Microseconds: 'us',
  Milliseconds: 'ms',
  Bytes: 'bytes',
  Kilobytes: 'kB',
  Megabytes: 'MB',
  Gigabytes: 'GB',
  Terabytes: 'TB',
  Bits: null,
  Kilobits: null,
  Megabits: null,
  Gigabits: null,
  Terabits: null,
  Percent: '%',
  Count: null,
  'Bytes/Second': null,
  'Kilobytes/Second': null,
  'Megabytes/Second': null,
  'Gigabytes/Second': null,
  'Terabytes/Second': null,
  'Bits/Second': null,
  'Kilobits/Second': null,
  'Megabits/Second': null,
  'Gigabits/Second': null,
  'Terabits/Second': null,
  'Count/Second': null,
  None: null,
} as const satisfies Record<string, string | null>;
export type StandardUnit = keyof typeof standardUnits;
export const standardUnitNames = Object.keys(standardUnits) as [StandardUnit, ...StandardUnit[]];

/** What CloudWatch's unit is called here; null: it says nothing that could be compared, or is none of its units. */
export function knownUnitOf(standardUnit: string): string | null {
  const units: Readonly<Record<string, string | null>> = standardUnits;
  return Object.hasOwn(units, standardUnit) ? (units[standardUnit] ?? null) : null;
}

/** Names of one unit. */
const same: readonly (readonly string[])[] = [['bytes', 'B']];
export const isSameUnit = (one: string, other: string): boolean =>
  one === other || same.some((names) => names.includes(one) && names.includes(other));
