import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PermanentError } from './errors.ts';
import { nearest } from './nearest.ts';
import { mapRows, type RowReading, type SourceRow } from './row-mapping.ts';
import { exactlyOneMapping, mappedFields, rowMappingShape } from './row-schema.ts';
import { readNumber, readTime } from './row-values.ts';

const mappingSchema = z.strictObject(rowMappingShape).superRefine(exactlyOneMapping);
const rows = (...cells: Record<string, unknown>[]): SourceRow[] =>
  cells.map((cell, index) => ({ place: `row ${index + 1}`, cells: cell }));
const hours = (changes: Record<string, unknown> = {}) =>
  mappingSchema.parse({
    measurements: { at: 'Day', covers: '1d', value: 'Hours', unit: 'h', timeZone: 'Europe/Berlin', ...changes },
  });
const costs = (changes: Record<string, unknown> = {}) =>
  mappingSchema.parse({
    costs: {
      sourceKey: ['Doc', 'Item'],
      projectRef: 'Wbs',
      kind: 'actual',
      amount: 'Amount',
      currency: 'Currency',
      postingDate: 'Posted',
      ...changes,
    },
  });
const bill = { Doc: '4711', Item: 1, Wbs: 'P-1', Amount: '12.50', Currency: 'EUR', Posted: '2026-06-01' };
const failure = (work: () => unknown): PermanentError => {
  try {
    work();
  } catch (error) {
    if (error instanceof PermanentError) return error;
    throw error;
  }
  throw new Error('it did not fail');
};

describe('rows become measurements', () => {
  it('a local date is midnight in the time zone, and a day has 23 or 25 hours when the clock changes', () => {
    const { measurements } = mapRows(
      rows({ Day: '2026-03-29', Hours: 8 }, { Day: '2026-10-25', Hours: '7.5' }, { Day: '2026-06-01', Hours: 1 }),
      hours(),
    );
    expect(measurements.map((m) => [new Date(m.atMs).toISOString(), m.durationMs / 3_600_000, m.value])).toEqual([
      ['2026-03-28T23:00:00.000Z', 23, 8],
      ['2026-10-24T22:00:00.000Z', 25, 7.5],
      ['2026-05-31T22:00:00.000Z', 24, 1],
    ]);
  });

  it('a label that is nested however deep is an error that names it', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    const { code, message } = failure(() =>
      mapRows(rows({ Day: '2026-06-01', Hours: 8, Team: deep }), hours({ labels: ['Team'] })),
    );
    expect([code, message]).toEqual([
      'source/bad-shape',
      'row 1, field "Team": found "a list of 1", expected a single value',
    ]);
  });

  it('a month covers as long as that month is', () => {
    const { measurements } = mapRows(rows({ Day: '2026-02-01', Hours: 8 }), hours({ covers: '1mo', timeZone: 'UTC' }));
    expect(measurements[0]?.durationMs).toBe(28 * 86_400_000);
  });

  it('blank, NaN and infinite cells are left out with a warning, never zero', () => {
    const page = mapRows(
      rows(
        { Day: '2026-06-01', Hours: '' },
        { Day: '2026-06-02', Hours: 'NaN' },
        { Day: '2026-06-03', Hours: '-INF' },
        { Day: '2026-06-04', Hours: null },
      ),
      hours(),
    );
    expect(page.measurements).toEqual([]);
    expect(page.warnings).toEqual([
      'left out 2 rows: "Hours" is blank (row 1; row 4)',
      'left out 2 rows: "Hours" is not a finite number (row 2; row 3)',
    ]);
  });

  it('a thousand bad rows make one warning', () => {
    const many = Array.from({ length: 1000 }, () => ({ Day: '2026-06-01', Hours: null }));
    expect(mapRows(rows(...many), hours()).warnings).toEqual([
      'left out 1000 rows: "Hours" is blank (row 1; row 2; row 3; row 4; row 5 and 995 more)',
    ]);
  });

  it('an error names the row, the field and what was found', () => {
    const error = failure(() =>
      mapRows(rows({ Day: '2026-06-01', Hours: 8 }, { Day: '2026-06-02', Hours: 'eight' }), hours()),
    );
    expect(error.code).toBe('source/bad-number');
    expect(error.message).toBe('row 2, field "Hours": found "eight", expected a number');
    expect(failure(() => mapRows(rows({ Day: '2026-02-30', Hours: 8 }), hours())).message).toContain('"2026-02-30"');
  });

  it('a field that is not there gets a near miss', () => {
    const error = failure(() => mapRows(rows({ Day: '2026-06-01', Huors: 8 }), hours()));
    expect(error.message).toBe('row 1: there is no field "Hours"');
    expect(error.hint).toBe('Did you mean "Huors"?');
  });

  it('a ratio keeps both parts; nothing over nothing is no ratio', () => {
    const mapping = hours({ value: undefined, numerator: 'Bad', denominator: 'All', labels: ['Team'] });
    const page = mapRows(
      rows({ Day: '2026-06-01', Bad: 3, All: '12', Team: 'a' }, { Day: '2026-06-01', Bad: 0, All: 0, Team: 'b' }),
      mapping,
    );
    expect(page.measurements).toMatchObject([{ value: 0.25, numerator: 3, denominator: 12, labels: { Team: 'a' } }]);
    expect(page.warnings).toEqual(['left out 1 row: "All" is 0, so there is no ratio (row 2)']);
  });

  it("OData V2's midnight in UTC is that date for a daily value, whatever the zone", () => {
    const day = `/Date(${Date.UTC(2026, 5, 1)}+0000)/`;
    const west = hours({ timeZone: 'America/New_York' });
    expect(mapRows(rows({ Day: day, Hours: 1 }), west).measurements[0]?.atMs).toBe(Date.parse('2026-06-01T04:00:00Z'));
    const instant = hours({ timeZone: 'America/New_York', covers: '1h' });
    expect(mapRows(rows({ Day: day, Hours: 1 }), instant).measurements[0]?.atMs).toBe(Date.UTC(2026, 5, 1));
    const reading: RowReading = { wallClockFields: ['Day'] };
    expect(mapRows(rows({ Day: day, Hours: 1 }), instant, reading).measurements[0]?.atMs).toBe(
      Date.parse('2026-06-01T04:00:00Z'),
    );
  });
});

describe('rows become cost lines', () => {
  it('amounts stay exact', () => {
    const page = mapRows(rows({ ...bill, Amount: '9007199254740993.01' }, { ...bill, Amount: '12.50-' }), costs());
    expect(page.costs.map((line) => line.amount)).toEqual(['9007199254740993.01', '-12.5']);
  });

  it('a key made of several fields cannot be mistaken for another', () => {
    const [first, second] = mapRows(
      rows({ ...bill, Doc: 'a/b', Item: 'c' }, { ...bill, Doc: 'a', Item: 'b/c' }),
      costs(),
    ).costs;
    expect(first?.sourceKey).toBe('a%2Fb/c');
    expect(second?.sourceKey).toBe('a/b%2Fc');
  });

  it('kind, capitalisation and recurrence are literal or translated; an unknown value is an error that names it', () => {
    const mapping = costs({
      kind: { field: 'Type', map: { A: 'actual', P: 'budget' } },
      capitalisation: 'capex',
      currency: 'USD',
      projectRef: { value: 'P-9' },
    });
    expect(mapRows(rows({ ...bill, Type: 'P' }), mapping).costs[0]).toMatchObject({
      kind: 'budget',
      capitalisation: 'capex',
      recurrence: 'one-off',
      currency: 'USD',
      projectRef: 'P-9',
    });
    const error = failure(() => mapRows(rows({ ...bill, Type: 'X' }), mapping));
    expect(error.message).toBe('row 1, field "Type": found "X", which the map does not have');
    expect(failure(() => mapRows(rows({ ...bill, Type: 'constructor' }), mapping)).code).toBe('source/bad-shape');
  });

  it('rows without a project, an amount or a date are left out with a warning', () => {
    const page = mapRows(rows({ ...bill, Wbs: '' }, { ...bill, Amount: null }, { ...bill, Posted: ' ' }), costs());
    expect(page.costs).toEqual([]);
    expect(page.warnings).toHaveLength(3);
  });

  it('a posting time with an offset is the date as written, or that of the time zone given', () => {
    const row = { ...bill, Posted: '2026-06-01T23:30:00Z' };
    expect(mapRows(rows(row), costs()).costs[0]?.postingDate).toBe('2026-06-01');
    expect(mapRows(rows(row), costs({ timeZone: 'Europe/Berlin' })).costs[0]?.postingDate).toBe('2026-06-02');
  });

  it('a currency that is none is an error', () => {
    expect(failure(() => mapRows(rows({ ...bill, Currency: 'euro' }), costs())).message).toContain('"euro"');
  });
});

describe('the mapping itself', () => {
  it('wants exactly one of measurements and costs, and value or both parts of a ratio', () => {
    const says = (input: unknown): string =>
      mappingSchema
        .safeParse(input)
        .error?.issues.map((issue) => issue.message)
        .join() ?? 'accepted';
    expect(says({})).toContain('exactly one');
    const at = { at: 'Day', unit: 'h', timeZone: 'UTC' };
    expect(says({ measurements: { ...at, numerator: 'A' } })).toContain('either value');
    expect(says({ measurements: { ...at, value: 'V', numerator: 'A', denominator: 'B' } })).toContain('either value');
    expect(says({ measurements: { ...at, value: 'V', covers: 'a day' } })).toContain('expected a duration');
    expect(says({ measurements: { ...at, value: 'V' } })).toBe('accepted');
  });

  it('names every field that it reads', () => {
    expect(mappedFields(costs({ kind: { field: 'Type', map: {} }, currency: 'EUR', text: 'Text' }))).toEqual([
      'Doc',
      'Item',
      'Wbs',
      'Amount',
      'Posted',
      'Text',
      'Type',
    ]);
  });

  it('has a JSON Schema for editors', () => {
    expect(() => z.toJSONSchema(mappingSchema, { io: 'input' })).not.toThrow();
  });
});

describe('cells', () => {
  it.each([
    ['1.234,56', ',', '1234.56'],
    ['1 234,5', ',', '1234.5'],
    ['-1.234', ',', '-1234'],
    ['1,5', ',', '1.5'],
    ['1,234.56', '.', '1234.56'],
    ['1e3', '.', '1000'],
    ['12.5E-1', '.', '1.25'],
    ['+5', '.', '5'],
    ['.5', '.', '0.5'],
    ['1,234,567', '.', '1234567'],
  ] as const)('%s with the decimal sign %s is %s', (text, decimal, expected) => {
    expect(readNumber(text, decimal)).toEqual({ kind: 'number', text: expected });
  });

  it.each([
    ['1,5', '.'],
    ['1.5', ','],
    ['0x10', '.'],
    ['1-2', '.'],
    ['12,34,56', '.'],
    [true, '.'],
    ['--5', '.'],
  ] as const)('%s with the decimal sign %s is no number', (cell, decimal) =>
    expect(readNumber(cell, decimal)).toEqual({ kind: 'invalid' }),
  );

  it('a lone comma is refused unless the decimal sign is known', () => {
    expect(readNumber('1,234')).toEqual({ kind: 'invalid' });
    expect(readNumber('1,234.5')).toEqual({ kind: 'number', text: '1234.5' });
    expect(readNumber('1,234', '.')).toEqual({ kind: 'number', text: '1234' });
  });

  it('reads the dates of ISO, SAP, OData V2 and local exports', () => {
    expect(readTime('20260131')).toEqual({ kind: 'date', date: '2026-01-31' });
    expect(readTime('31.1.2026', 'dd.mm.yyyy')).toEqual({ kind: 'date', date: '2026-01-31' });
    expect(readTime('01/31/2026 10:30', 'mm/dd/yyyy')).toEqual({ kind: 'local', dateTime: '2026-01-31T10:30' });
    expect(readTime('/Date(0)/')).toEqual({ kind: 'local', dateTime: '1970-01-01T00:00:00.000' });
    expect(readTime('2026-01-31T10:00:00+01:00')).toMatchObject({ epochMs: Date.UTC(2026, 0, 31, 9), kind: 'instant' });
    // Berlin's midnight of 1 June, as V4 and as V2 write it: the same instant, the same date on paper.
    const midnight = { kind: 'instant', epochMs: Date.UTC(2026, 4, 31, 22), writtenDate: '2026-06-01' };
    expect(readTime('2026-06-01T00:00:00+02:00')).toEqual(midnight);
    expect(readTime(`/Date(${midnight.epochMs}+0120)/`)).toEqual(midnight);
    expect(readTime(`/Date(${midnight.epochMs}-60)/`)).toMatchObject({ writtenDate: '2026-05-31' });
    for (const text of ['2026-13-01', '31/01/2026', 'soon', '/Date(99999999999999999)/', '2026-01-31T25:00'])
      expect(readTime(text)).toEqual({ kind: 'invalid' });
  });

  it('suggests only what is near', () => {
    expect(nearest('Amuont', ['Amount', 'Currency'])).toBe('Amount');
    expect(nearest('Amount', ['Currency'])).toBeNull();
  });
});
