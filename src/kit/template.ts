import { Temporal } from 'temporal-polyfill';
import { parseDurationMs } from './duration.ts';
import { nearest } from './nearest.ts';

/** One `{{name | filter argument}}`. */
export interface Placeholder {
  /** As it stands in the text, braces included. */
  source: string;
  /** `window.from`, `item.id`. */
  name: string;
  filters: readonly Filter[];
}
export interface Filter {
  name: string;
  argument: string | null;
}
export type TemplatePart = string | Placeholder;
/** What gives a placeholder's value; undefined: there is none, such as a cursor before the first page. */
export type TemplateValues = (name: string) => unknown;

type Apply = (value: unknown, argument: string, zone: { timeZone: string }) => unknown;

class TemplateError extends Error {}

const epochMsOf = (value: unknown): number => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(parsed)) throw new TemplateError('is no time');
  return parsed;
};
const shift =
  (sign: 1 | -1): Apply =>
  (value, argument) =>
    epochMsOf(value) + sign * (parseDurationMs(argument) ?? 0);
const toMultiple =
  (round: (quotient: number) => number): Apply =>
  (value, argument) => {
    const stepMs = parseDurationMs(argument) ?? 1;
    return round(epochMsOf(value) / stepMs) * stepMs;
  };

const FILTERS: Readonly<Record<string, { argument: 'none' | 'duration' | 'text'; apply: Apply }>> = {
  iso: {
    argument: 'none',
    apply: (value) => new Date(epochMsOf(value)).toISOString().replace('.000Z', 'Z'),
  },
  isoDate: {
    argument: 'none',
    apply: (value, _, { timeZone }) => formatTime(epochMsOf(value), 'yyyy-MM-dd', timeZone),
  },
  epochSeconds: { argument: 'none', apply: (value) => Math.floor(epochMsOf(value) / 1000) },
  epochMs: { argument: 'none', apply: (value) => epochMsOf(value) },
  // Beyond what a double holds: a text, in JSON as well.
  epochNanos: { argument: 'none', apply: (value) => (BigInt(epochMsOf(value)) * 1_000_000n).toString() },
  date: { argument: 'text', apply: (value, pattern, { timeZone }) => formatTime(epochMsOf(value), pattern, timeZone) },
  plus: { argument: 'duration', apply: shift(1) },
  minus: { argument: 'duration', apply: shift(-1) },
  floor: { argument: 'duration', apply: toMultiple(Math.floor) },
  ceil: { argument: 'duration', apply: toMultiple(Math.ceil) },
  text: { argument: 'none', apply: (value) => textOf(value) },
  json: { argument: 'none', apply: (value) => JSON.stringify(value) },
  xml: {
    argument: 'none',
    apply: (value) => textOf(value).replace(/[<>&"']/g, (found) => XML_ENTITIES[found] ?? found),
  },
  raw: { argument: 'none', apply: (value) => value },
};
const XML_ENTITIES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};
/** Names of all filters, for help and near misses. */
export const templateFilters: readonly string[] = [...Object.keys(FILTERS), 'zone'];

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;
const NAME = /^[A-Za-z_][\w-]*(?:\.[\w@$-]+)*$/;

/** Texts and placeholders in turn; a text without placeholders is itself. Throws nothing: see `templateProblems`. */
export function parseTemplate(text: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let position = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    if (match.index > position) parts.push(text.slice(position, match.index));
    const [name = '', ...filters] = (match[1] ?? '').split('|').map((piece) => piece.trim());
    parts.push({ source: match[0], name, filters: filters.map(parseFilter) });
    position = match.index + match[0].length;
  }
  if (position < text.length) parts.push(text.slice(position));
  return parts;
}

function parseFilter(text: string): Filter {
  const [, name = text, written] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
  const quoted = written === undefined ? undefined : /^'(.*)'$|^"(.*)"$/s.exec(written);
  return { name, argument: quoted?.[1] ?? quoted?.[2] ?? written ?? null };
}

export interface TemplateProblem {
  message: string;
  /** Words that may have been meant. */
  candidates: readonly string[];
}

/**
 * What is wrong with a template's names and filters. `known`: the names that there are; one that ends in `.*` stands for
 * any below it (`item.*`).
 */
export function templateProblems(text: string, known: readonly string[]): TemplateProblem[] {
  const problems: TemplateProblem[] = [];
  for (const part of parseTemplate(text)) {
    if (typeof part === 'string') {
      if (part.includes('{{') || part.includes('}}'))
        problems.push({ message: 'a placeholder is opened or closed but not both: write {{name}}', candidates: [] });
      continue;
    }
    const { name, source, filters } = part;
    if (!NAME.test(name))
      problems.push({ message: `${source} holds no name; known: ${known.join(', ')}`, candidates: [] });
    else if (!known.some((pattern) => matchesName(pattern, name))) {
      const meant = nearest(name, known);
      const suggestion = meant === null ? `known: ${known.join(', ')}` : `did you mean ${meant}?`;
      problems.push({ message: `${source} names nothing that there is; ${suggestion}`, candidates: known });
    }
    for (const filter of filters) problems.push(...filterProblems(filter, source));
  }
  return problems;
}

const matchesName = (pattern: string, name: string): boolean =>
  pattern.endsWith('.*') ? name.startsWith(pattern.slice(0, -1)) && name.length > pattern.length - 1 : pattern === name;

function filterProblems({ name, argument }: Filter, source: string): TemplateProblem[] {
  const one = (message: string, candidates: readonly string[] = []) => [
    { message: `${source}: ${message}`, candidates },
  ];
  if (name === 'zone')
    return argument !== null && isTimeZone(argument) ? [] : one("zone needs a time zone such as zone 'Europe/Berlin'");
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (filter === undefined) {
    const meant = nearest(name, templateFilters);
    const suggestion = meant === null ? `known: ${templateFilters.join(', ')}` : `did you mean ${meant}?`;
    return one(`there is no filter ${name}; ${suggestion}`, templateFilters);
  }
  if (filter.argument === 'none') return argument === null ? [] : one(`${name} takes no argument`);
  if (argument === null || argument === '') return one(`${name} needs an argument, such as ${EXAMPLES[name] ?? name}`);
  if (filter.argument === 'duration' && !((parseDurationMs(argument) ?? 0) > 0))
    return one(`${name} needs a duration longer than zero, such as ${EXAMPLES[name] ?? name}`);
  return [];
}
const EXAMPLES: Readonly<Record<string, string>> = {
  date: "date 'yyyy/MM/dd'",
  plus: 'plus 1d',
  minus: 'minus 1ms',
  floor: 'floor 1h',
  ceil: 'ceil 1d',
};

/** Names of all placeholders of a text. */
export const templateNames = (text: string): string[] =>
  parseTemplate(text).flatMap((part) => (typeof part === 'string' ? [] : [part.name]));

/**
 * A text with its placeholders filled. `encode` is applied to what each gives, unless its last filter is `raw`.
 * Undefined: the text is one placeholder alone, and that has no value. Throws an Error that names the placeholder.
 */
export function renderTemplate(
  text: string,
  values: TemplateValues,
  options: { timeZone: string; encode?: (text: string) => string },
): string | undefined {
  const parts = parseTemplate(text);
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'object' && valueOf(only, values, options.timeZone) === undefined)
    return undefined;
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      const written = textOf(valueOf(part, values, options.timeZone) ?? '');
      return options.encode === undefined || part.filters.at(-1)?.name === 'raw' ? written : options.encode(written);
    })
    .join('');
}

/** Like `renderTemplate` for JSON: a text that is one placeholder alone becomes its value, a number or a list for instance. */
export function renderTemplateValue(text: string, values: TemplateValues, options: { timeZone: string }): unknown {
  const parts = parseTemplate(text);
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'object') return valueOf(only, values, options.timeZone);
  return renderTemplate(text, values, options);
}

function valueOf({ name, filters, source }: Placeholder, values: TemplateValues, timeZone: string): unknown {
  const found = values(name);
  if (found === undefined || found === null) return undefined;
  const instant = name.startsWith('window.');
  // A bare window would be milliseconds to one API and garbage to another.
  const applied = instant && !filters.some((filter) => FORMATS.has(filter.name)) ? [...filters, ISO] : filters;
  let zone = timeZone;
  let value = found;
  for (const { name: filter, argument } of applied) {
    if (filter === 'zone') {
      zone = argument ?? zone;
      continue;
    }
    try {
      value = FILTERS[filter]?.apply(value, argument ?? '', { timeZone: zone }) ?? value;
    } catch (thrown) {
      throw new Error(`${source}: ${thrown instanceof TemplateError ? `the value ${thrown.message}` : String(thrown)}`);
    }
  }
  return value;
}
const ISO: Filter = { name: 'iso', argument: null };
const FORMATS = new Set(['iso', 'isoDate', 'epochSeconds', 'epochMs', 'epochNanos', 'date']);

function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const TOKENS = /yyyy|yy|MM|dd|HH|mm|ss|SSS|XXX|xx/g;
/** An instant in letters of Unicode TR 35: yyyy, yy, MM, dd, HH, mm, ss, SSS, XXX (`+02:00`, `Z`), xx (`+0200`). */
function formatTime(epochMs: number, pattern: string, timeZone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone);
  const padded = (value: number, length: number): string => String(value).padStart(length, '0');
  return pattern.replace(TOKENS, (token) => {
    switch (token) {
      case 'yyyy':
        return padded(local.year, 4);
      case 'yy':
        return padded(local.year % 100, 2);
      case 'MM':
        return padded(local.month, 2);
      case 'dd':
        return padded(local.day, 2);
      case 'HH':
        return padded(local.hour, 2);
      case 'mm':
        return padded(local.minute, 2);
      case 'ss':
        return padded(local.second, 2);
      case 'SSS':
        return padded(local.millisecond, 3);
      case 'XXX':
        return local.offset === '+00:00' ? 'Z' : local.offset;
      default:
        return local.offset.replace(':', '');
    }
  });
}
