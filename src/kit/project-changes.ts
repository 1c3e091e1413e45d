import { createFormat, type Format, type Project } from '../domain/index.ts';
import { type Difference, type DifferencePath, differences } from './difference.ts';

/** One place of a project that differs, in words. */
export interface ProjectChange {
  /** Keys and names that lead there, for programs. */
  path: DifferencePath;
  /** `metric failed-checkouts › attribution`. */
  place: string;
  /** Null: was not there. */
  before: string | null;
  /** Null: is not there any more. */
  after: string | null;
}

/** Where two definitions of a project differ, in words of whoever signs for its figures: shares in per cent, money with its currency, dates. */
export function projectChanges(before: Project, after: Project): ProjectChange[] {
  return differences(before, after).map((difference) => changeWords(difference, before, after));
}

function changeWords({ path, before: old, after: now }: Difference, before: Project, after: Project): ProjectChange {
  const formatOf = ({ currency, timeZone }: Project): Format => createFormat({ locale: 'en-GB', currency, timeZone });
  const owner = path.slice(0, -1);
  const words = (value: unknown, project: Project): string | null =>
    value === undefined || value === null
      ? null
      : valueWords(path.at(-1) ?? '', value, { format: formatOf(project), around: at(project, owner), path });
  return { path, place: placeWords(path), before: words(old, before), after: words(now, after) };
}

/** Shares and rates that people read in per cent. */
const SHARES = new Set(['attribution', 'deadweight', 'displacement', 'confidence', 'dropOff', 'share', 'costRisk']);
const DATE = /^\d{4}-\d{2}-\d{2}$/;

interface Surroundings {
  format: Format;
  /** The object that the value is a field of. */
  around: unknown;
  path: DifferencePath;
}

function valueWords(key: string, value: unknown, surroundings: Surroundings): string {
  if (Array.isArray(value)) return listWords(key, value, surroundings);
  if (typeof value === 'object' && value !== null) return objectWords(value as Fields, surroundings);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const text = String(value);
  if (DATE.test(text)) return surroundings.format.date(text);
  if (typeof value === 'number') return key.endsWith('Ms') ? durationWords(value) : text;
  if (SHARES.has(key) || isAnnualRate(key, surroundings.path)) return percent(text);
  if (key === 'amount') return money(text, field(surroundings.around, 'currency'));
  return text;
}

type Fields = Readonly<Record<string, unknown>>;

/** A whole thing that is new or gone: what tells it apart, and what it comes to. */
function objectWords(value: Fields, surroundings: Surroundings): string {
  const { kind, amount, currency, per, perPeriod, connector, stream, name, frozenOn } = value;
  if (typeof amount === 'string') {
    const parts = [
      money(amount, currency),
      ...(typeof per === 'string' ? [`per ${per}`] : []),
      ...(typeof perPeriod === 'string' ? [`and ${perPeriod}`] : []),
      ...datesWords(value, surroundings.format),
      ...(typeof value['text'] === 'string' ? [`(${value['text']})`] : []),
    ];
    return parts.join(' ');
  }
  if (typeof connector === 'string' && typeof stream === 'string') {
    const labels = Object.entries((value['labels'] ?? {}) as Fields).map(([label, of]) => `${label}=${String(of)}`);
    return [`${connector}.${stream}`, ...labels].join(' ');
  }
  if (typeof name === 'string') return name;
  if (typeof frozenOn === 'string' && 'benefits' in value)
    return `frozen on ${surroundings.format.date(frozenOn)}, ${count(value['benefits'], 'benefit')}, ${count(value['costs'], 'cost')}`;
  const rest = Object.entries(value).filter(([key, item]) => key !== 'kind' && item !== null && item !== undefined);
  const inner = rest.map(
    ([key, item]) =>
      `${fieldWords(key)} ${valueWords(key, item, { ...surroundings, around: value, path: [...surroundings.path, key] })}`,
  );
  return [...(typeof kind === 'string' ? [kind] : []), ...(inner.length === 0 ? [] : [inner.join(', ')])].join(': ');
}

function listWords(key: string, list: readonly unknown[], surroundings: Surroundings): string {
  if (list.length === 0) return 'none';
  return list
    .map((item, index) =>
      valueWords(key, item, { ...surroundings, path: [...surroundings.path, String(index)], around: list }),
    )
    .join('; ');
}

function datesWords(value: Fields, format: Format): string[] {
  const { from, to, date, postingDate } = value;
  const on = typeof date === 'string' ? date : postingDate;
  return [
    ...(typeof from === 'string' ? [`from ${format.date(from)}`] : []),
    ...(typeof to === 'string' ? [`to before ${format.date(to)}`] : []),
    ...(typeof on === 'string' ? [`on ${format.date(on)}`] : []),
  ];
}

/** Exact, unlike a figure in a digest: a change of a cent is a change. */
const money = (amount: string, currency: unknown): string =>
  typeof currency === 'string' ? `${currency} ${grouped(amount)}` : grouped(amount);
const grouped = (amount: string): string => amount.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');

/** Exact as well: `0.8` → `80%`. */
function percent(ratio: string): string {
  const [, sign = '', whole = '0', part = ''] = /^(-?)(\d*)\.?(\d*)$/.exec(ratio) ?? [];
  const digits = part.padEnd(2, '0');
  const shifted = `${whole}${digits.slice(0, 2)}`.replace(/^0+(?=\d)/, '');
  const rest = digits.slice(2).replace(/0+$/, '');
  return `${sign}${shifted}${rest === '' ? '' : `.${rest}`}%`;
}

const isAnnualRate = (key: string, path: DifferencePath): boolean =>
  key === 'rate' && path.some((part) => part === 'discount' || part === 'inflation');

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;
function durationWords(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  const number = ms / size;
  return `${number} ${unit}${unit === 'ms' || number === 1 ? '' : 's'}`;
}

function count(list: unknown, what: string): string {
  const number = Array.isArray(list) ? list.length : 0;
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** What one element of a list is called, and whether what names it is a date or a year. */
const ELEMENTS: Readonly<Record<string, string>> = {
  metrics: 'metric',
  deliverables: 'deliverable',
  plans: 'plan',
  manualCosts: 'cost line',
  costSources: 'cost source',
  costs: 'cost',
  benefits: 'benefit of',
  rates: 'rate from',
  fxRates: 'budget rate',
  curve: 'level from',
  discount: 'discount rate from year',
  inflation: 'inflation from year',
  ramp: 'ramp after months',
};
const FIELDS: Readonly<Record<string, string>> = {
  horizonEndsOn: 'horizon ends on',
  perPeriod: 'per period',
  exposure: 'exposure',
  freshnessLimitMs: 'freshness limit',
  costRisk: 'cost risk',
  claimKey: 'claim',
  startRule: 'start rule',
  portfolio: 'portfolio',
};

const fieldWords = (key: string): string =>
  FIELDS[key] ?? key.replace(/([a-z])([A-Z])/g, (_, one: string, other: string) => `${one} ${other.toLowerCase()}`);

function placeWords(path: DifferencePath): string {
  const parts: string[] = [];
  for (let index = 0; index < path.length; index++) {
    const key = path[index] ?? '';
    const next = path[index + 1];
    const element = ELEMENTS[key];
    if (element !== undefined && next !== undefined) {
      parts.push(`${element} ${next}`);
      index += 1;
    } else parts.push(fieldWords(key));
  }
  return parts.join(' › ');
}

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields)[key] : undefined;

/** What `differences` calls by that path. */
function at(root: unknown, path: DifferencePath): unknown {
  let value = root;
  for (const part of path) {
    value = Array.isArray(value)
      ? value.find((item, index) =>
          [field(item, 'id'), field(item, 'metricId'), field(item, 'sourceKey'), field(item, 'from'), index + 1].some(
            (name) => String(name) === part,
          ),
        )
      : field(value, part);
  }
  return value;
}
