import { localDateAt } from '#domain';
import { asRecord, nearest, PermanentError, readNumber, readTime } from '#kit';
import { ExactSum } from './exact-sum.ts';
import { costColumns, type FocusStream } from './options.ts';

/** What the lines of one group have in common, in this order. */
export const dimensions = ['billing', 'day', 'currency', 'category', 'class', 'project', 'service', 'unit'] as const;
export type Dimension = (typeof dimensions)[number];
export const sums = [...costColumns, 'Quantity'] as const;
export type SumName = (typeof sums)[number];

export interface Group {
  dimensions: Record<Dimension, string>;
  lines: number;
  sums: Record<SumName, ExactSum>;
  /** Lines without that figure. */
  blanks: Record<SumName, number>;
}

/** More groups than this are not a summary: the memory of a pull is bounded. */
const MOST_GROUPS = 500_000;
/** The same texts come again and again: dates of each hour, tags of each resource. */
const MOST_REMEMBERED = 20_000;

const SPECIFICATION = 'https://focus.finops.org/focus-specification/';

/** Sums the lines of bills by day, project, service, category and currency, whatever the number of lines. */
export class Groups {
  readonly #stream: FocusStream;
  readonly #groups = new Map<string, Group>();
  readonly #days = new Map<string, string>();
  readonly #tags = new Map<string, string>();
  /** First days of the months that the groups are of; of quantities the days. */
  readonly billingPeriods = new Set<string>();

  constructor(stream: FocusStream) {
    this.#stream = stream;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** In the order of their dimensions, so that the same bill gives the same pages. */
  *[Symbol.iterator](): Generator<Group> {
    for (const key of [...this.#groups.keys()].sort()) {
      const group = this.#groups.get(key);
      if (group !== undefined) yield group;
    }
  }

  /** Throws `source/bad-shape` or `source/bad-number` naming the place. */
  add(cells: (name: string) => string, place: string): void {
    const { services, quantity, projectRef, currency } = this.#stream;
    const category = cells('ChargeCategory');
    const unit =
      quantity === undefined ? '' : cells(quantity.column === 'ConsumedQuantity' ? 'ConsumedUnit' : 'PricingUnit');
    if (quantity !== undefined) {
      if (unit !== quantity.sourceUnit || !this.#stream.categories.some((each) => each === category)) return;
    }
    const values: Record<Dimension, string> = {
      billing: this.dayOf(cells('BillingPeriodStart'), 'BillingPeriodStart', place),
      day: this.dayOf(cells('ChargePeriodStart'), 'ChargePeriodStart', place),
      currency: currency ?? cells('BillingCurrency'),
      category,
      class: cells('ChargeClass'),
      project:
        projectRef.tag !== undefined
          ? this.#tag(cells('Tags'), projectRef.tag, place)
          : projectRef.column !== undefined
            ? cells(projectRef.column)
            : '',
      service: services ? cells('ServiceName') : '',
      unit,
    };
    // A series has one sample a day: what tells only money apart must not split it.
    if (quantity !== undefined) {
      const project = projectOf(values.project, this.#stream) ?? '';
      Object.assign(values, { billing: values.day, currency: '', category: '', class: '', project });
    }
    const key = JSON.stringify(dimensions.map((name) => values[name]));
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size === MOST_GROUPS)
        throw new PermanentError(
          'source/too-large',
          `the bill has more than ${MOST_GROUPS} days by project by service`,
          {
            hint: 'Write services: false, choose a coarser projectRef, or narrow path to fewer months.',
          },
        );
      group = newGroup(values);
      this.#groups.set(key, group);
      this.billingPeriods.add(values.billing);
    }
    group.lines++;
    for (const name of sums) {
      const column = name === 'Quantity' ? quantity?.column : name;
      if (column === undefined) continue;
      const read = readNumber(cells(column), '.');
      if (read.kind === 'number') group.sums[name].add(read.text);
      else if (read.kind === 'absent' || read.kind === 'not-finite') group.blanks[name]++;
      else
        throw new PermanentError('source/bad-number', `${place}, column ${column}: expected a number`, {
          hint: 'FOCUS writes numbers with a decimal point and without separators of thousands.',
        });
    }
  }

  /** The day in UTC. Throws `source/bad-shape` naming the place. */
  dayOf(text: string, column: string, place: string): string {
    const known = this.#days.get(text);
    if (known !== undefined) return known;
    const read = readTime(text);
    // FOCUS writes UTC; a time without offset is taken as such.
    const day =
      read.kind === 'instant'
        ? localDateAt(read.epochMs, 'UTC')
        : read.kind === 'date'
          ? read.date
          : read.kind === 'local'
            ? read.dateTime.slice(0, 10)
            : null;
    if (day === null)
      throw new PermanentError(
        'source/bad-shape',
        `${place}, column ${column}: expected a time such as 2026-01-31T00:00:00Z`,
        {
          hint: `The format is that of ${SPECIFICATION} (Date/Time Format).`,
        },
      );
    remember(this.#days, text, day);
    return day;
  }

  #tag(text: string, key: string, place: string): string {
    if (text === '') return '';
    const known = this.#tags.get(text);
    if (known !== undefined) return known;
    let tags: Record<string, unknown> | null = null;
    try {
      tags = asRecord(JSON.parse(text));
    } catch {
      // Said below.
    }
    if (tags === null)
      throw new PermanentError('source/bad-shape', `${place}, column Tags: expected a JSON object`, {
        hint: `The format is that of ${SPECIFICATION} (Key-Value Format).`,
      });
    const value = Object.hasOwn(tags, key) ? tags[key] : '';
    const found = value === null || typeof value === 'object' ? '' : String(value).trim();
    remember(this.#tags, text, found);
    return found;
  }
}

/** What projects name for a tag or value as found; null: the line is of no project. */
export function projectOf(found: string, { projectRef }: FocusStream): string | null {
  if (projectRef.value !== undefined) return projectRef.value;
  if (found === '') return projectRef.otherwise ?? null;
  return Object.hasOwn(projectRef.map, found) ? (projectRef.map[found] ?? found) : found;
}

function remember(map: Map<string, string>, key: string, value: string): void {
  if (map.size >= MOST_REMEMBERED) map.clear();
  map.set(key, value);
}

function newGroup(values: Record<Dimension, string>): Group {
  const each = <T>(make: () => T): Record<SumName, T> => ({
    BilledCost: make(),
    EffectiveCost: make(),
    ListCost: make(),
    ContractedCost: make(),
    Quantity: make(),
  });
  return { dimensions: values, lines: 0, sums: each(() => new ExactSum()), blanks: each(() => 0) };
}

/** The columns that a stream reads. Throws `source/bad-shape` for one that the file lacks. */
export function requireColumns(header: readonly string[], stream: FocusStream, file: string): void {
  const { projectRef, services, quantity, currency } = stream;
  const mandatory = [
    'BillingPeriodStart',
    'ChargePeriodStart',
    'ChargeCategory',
    ...(quantity === undefined ? [stream.cost] : []),
  ];
  if (currency === undefined) mandatory.push('BillingCurrency');
  if (services) mandatory.push('ServiceName');
  const chosen = [projectRef.column, projectRef.tag === undefined ? undefined : 'Tags'];
  if (quantity !== undefined)
    chosen.push(quantity.column, quantity.column === 'ConsumedQuantity' ? 'ConsumedUnit' : 'PricingUnit');
  const missing = [...mandatory, ...chosen].find((name) => name !== undefined && !header.includes(name));
  if (missing === undefined) return;
  const meant = nearest(missing, header);
  const why = mandatory.includes(missing) ? ', which FOCUS makes mandatory' : '';
  const otherwise: Readonly<Record<string, string>> = {
    BillingCurrency: 'Write currency: … in the stream if the bill has but one.',
    ServiceName: 'Write services: false to do without it.',
  };
  throw new PermanentError('source/bad-shape', `${file}: there is no column "${missing}"${why}`, {
    hint:
      meant !== null
        ? `Did you mean "${meant}"? See ${SPECIFICATION}`
        : (otherwise[missing] ?? `Export in FOCUS 1.0 or later: ${SPECIFICATION}`),
  });
}
