import type { CostLine, Measurement } from '#domain';
import {
  asRecord,
  CURRENCY_CODE,
  LeftOut,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  parseDecimal,
  parseLocalDate,
  type RawPage,
} from '#kit';
import { type Dimension, dimensions, projectOf, type SumName, sums } from './groups.ts';
import type { FocusOptions, FocusStream } from './options.ts';

interface SummedGroup {
  dimensions: Record<Dimension, string>;
  lines: number;
  sums: Record<SumName, string>;
  blanks: Record<SumName, number>;
}

/** Sums as cost lines, or as measurements. Pure. Throws `source/bad-shape`. */
export function parsePage(page: RawPage, { stream }: ParseContext<FocusOptions, FocusStream>): ParsedPage {
  const leftOut = new LeftOut({ one: 'sum', many: 'sums' });
  const costs: CostLine[] = [];
  const measurements: Measurement[] = [];
  let withoutProject = 0;
  const bills = new Set<string>();
  for (const group of readBody(page.body)) {
    bills.add(group.dimensions.billing);
    if (stream.quantity !== undefined) {
      const sample = measurement(group, stream.quantity, leftOut);
      if (group.dimensions.project === '') withoutProject += group.lines;
      else if (sample !== null) measurements.push(sample);
      continue;
    }
    if (!stream.categories.some((each) => each === group.dimensions.category)) continue;
    const project = projectOf(group.dimensions.project, stream);
    const line = project === null ? null : costLine(group, project, stream, leftOut);
    if (project === null) withoutProject += group.lines;
    else if (line !== null) costs.push(line);
  }
  const warnings = leftOut.warnings();
  if (withoutProject > 0)
    warnings.push(
      `left out ${withoutProject} ${withoutProject === 1 ? 'line' : 'lines'} of bills: no project (${describeRef(stream)} is blank); projectRef.otherwise would keep them`,
    );
  // Pages of earlier releases do not say whether all of a month was read.
  if (stream.quantity !== undefined || page.meta['wholeBills'] !== true) return { measurements, costs, warnings };
  const complete = [...bills].sort().map((billing) => ({ sourceKeyPrefix: `${keyPart(billing)}/` }));
  return { measurements, costs, complete, warnings };
}

const describeRef = ({ projectRef }: FocusStream): string =>
  projectRef.tag !== undefined ? `tag ${projectRef.tag}` : (projectRef.column ?? 'projectRef');

const keyPart = (part: string): string => part.replaceAll('%', '%25').replaceAll('/', '%2F');

function costLine(group: SummedGroup, project: string, stream: FocusStream, leftOut: LeftOut): CostLine | null {
  const { billing, day, currency, category, service } = group.dimensions;
  const correction = group.dimensions.class;
  const blank = group.blanks[stream.cost];
  const place = [day, project, service].filter((part) => part !== '').join(' ');
  if (!CURRENCY_CODE.test(currency))
    throw new PermanentError('source/bad-shape', `${place}: BillingCurrency is no ISO 4217 code such as USD`);
  if (blank === group.lines) return leftOut.add(`no line has a ${stream.cost}`, place);
  if (blank > 0) leftOut.add(`${blank} lines have no ${stream.cost}, the others count`, place);
  // The project as the bill has it: another map must correct the line, not make a second one.
  const key = [billing, day, group.dimensions.project, service, category, correction, currency];
  return {
    sourceKey: key.map(keyPart).join('/'),
    projectRef: project,
    kind: 'actual',
    capitalisation: 'opex',
    recurrence: stream.recurrence,
    pool: service === '' ? null : service,
    amount: group.sums[stream.cost],
    currency,
    postingDate: stream.date === 'charge' ? day : billing,
    cashDate: null,
    document: null,
    correctionOf: null,
    text:
      correction === '' ? category : `${category}, ${correction.toLowerCase()} in the bill of ${billing.slice(0, 7)}`,
  };
}

function measurement(
  { dimensions: { day, project, service }, lines, sums: { Quantity: sum }, blanks: { Quantity: blank } }: SummedGroup,
  { column, unit }: NonNullable<FocusStream['quantity']>,
  leftOut: LeftOut,
): Measurement | null {
  const place = [day, project, service].filter((part) => part !== '').join(' ');
  if (blank === lines) return leftOut.add(`no line has a ${column}`, place);
  if (blank > 0) leftOut.add(`${blank} lines have no ${column}, the others count`, place);
  const value = Number(sum);
  if (!Number.isFinite(value))
    throw new PermanentError('source/bad-number', `${place}: ${column} is too large a number`);
  const atMs = Date.parse(`${day}T00:00:00Z`);
  return { labels: { project, service }, unit, atMs, durationMs: 86_400_000, value, status: 'final' };
}

function readBody(body: string): SummedGroup[] {
  const broken = (what: string): PermanentError =>
    new PermanentError('source/bad-shape', `the archived sums of the bill ${what}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw broken('are no JSON');
  }
  const { format, groups } = asRecord(parsed) ?? {};
  if (format !== 1 || !Array.isArray(groups)) throw broken('are of an unknown form');
  return groups.map((row: unknown, index) => {
    if (!Array.isArray(row) || row.length !== dimensions.length + 1 + 2 * sums.length)
      throw broken(`lack something in group ${index + 1}`);
    const cells: readonly unknown[] = row;
    const text = (at: number): string => {
      const cell = cells[at];
      if (typeof cell !== 'string') throw broken(`have no text in group ${index + 1}`);
      return cell;
    };
    const count = (at: number): number => {
      const cell = cells[at];
      if (typeof cell !== 'number' || !Number.isSafeInteger(cell)) throw broken(`have no count in group ${index + 1}`);
      return cell;
    };
    const decimal = (at: number): string => {
      const found = parseDecimal(text(at));
      if (found === null) throw broken(`have no number in group ${index + 1}`);
      return found;
    };
    const [billing, day, currency, category, kind, project, service, unit] = dimensions.map((_, at) => text(at)) as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    if (parseLocalDate(billing) === null || parseLocalDate(day) === null)
      throw broken(`have no date in group ${index + 1}`);
    const first = dimensions.length + 1;
    const figures = <T>(read: (at: number) => T, offset: number): Record<SumName, T> => ({
      BilledCost: read(first + offset),
      EffectiveCost: read(first + 2 + offset),
      ListCost: read(first + 4 + offset),
      ContractedCost: read(first + 6 + offset),
      Quantity: read(first + 8 + offset),
    });
    return {
      dimensions: { billing, day, currency, category, class: kind, project, service, unit },
      lines: count(dimensions.length),
      sums: figures(decimal, 0),
      blanks: figures(count, 1),
    };
  });
}
