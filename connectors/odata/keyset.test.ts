import { describe, expect, it } from 'vitest';
import { businessCentralUrl, entityPath } from './address.ts';
import { Checkpoint } from './checkpoint.ts';
import { afterKeys, literal } from './keyset.ts';
import { optionsSchema, streamSchema } from './options.ts';

describe('the keys of a row as literals', () => {
  const of = (version: 'v2' | 'v4', type: string, value: unknown) => literal(version, { name: 'Key', type }, value);
  it.each([
    ['v4', 'Edm.String', "O'Hara", "'O''Hara'"],
    ['v4', 'Edm.Guid', '5d115c9c-44e3-ea11-bb43-000d3a2feca1', '5d115c9c-44e3-ea11-bb43-000d3a2feca1'],
    ['v4', 'Edm.Decimal', '12.22', '12.22'],
    ['v4', 'Edm.DateTimeOffset', '2026-06-01T10:00:00.123Z', '2026-06-01T10:00:00.123Z'],
    ['v2', 'Edm.Decimal', '12.22', '12.22M'],
    ['v2', 'Edm.Int64', '5', '5L'],
    ['v2', 'Edm.Int32', '5', '5'],
    ['v2', 'Edm.Guid', '5d115c9c', "guid'5d115c9c'"],
    ['v2', 'Edm.DateTime', '/Date(1780272000000)/', "datetime'2026-06-01T00:00:00.000'"],
    ['v2', 'Edm.DateTimeOffset', '/Date(1780272000000+0120)/', "datetimeoffset'2026-06-01T00:00:00.000Z'"],
    ['v2', 'Edm.String', '', "''"],
  ] as const)('%s %s %s', (version, type, value, expected) => {
    expect(of(version, type, value)).toBe(expected);
  });

  it('what is missing or of a type without an order is refused', () => {
    expect(() => of('v4', 'Edm.Int32', null)).toThrow('which pages follow each other by, is null');
    expect(() => of('v4', 'Edm.Stream', 'x')).toThrow('is Edm.Stream');
    expect(() => of('v2', 'Edm.DateTime', 'yesterday')).toThrow('expected a V2 date');
  });

  it('rows after a row are those with a later first key, or the same and a later second', () => {
    const fields = ['A', 'B', 'C'].map((name) => ({ name, type: 'Edm.Int32' }));
    expect(afterKeys(fields, ['1', '2', '3'])).toBe('A gt 1 or (A eq 1 and (B gt 2 or (B eq 2 and (C gt 3))))');
  });
});

describe('how far a pull has come', () => {
  const window = { fromMs: Date.UTC(2026, 9, 24), toMs: Date.UTC(2026, 9, 27) };
  const checkpoint = (cursor: { field: string; type: string }, timeZone = 'Europe/Berlin') =>
    new Checkpoint(
      streamSchema.parse({ entitySet: 'Rows', cursor, measurements: { at: 'At', value: 'V', unit: 'h', timeZone } }),
      window,
    );
  const after = (point: Checkpoint, ...values: unknown[]): string | null => {
    const reachedMs = point.after(values.map((At) => ({ At })));
    return reachedMs === undefined ? null : new Date(reachedMs).toISOString();
  };

  it('is the beginning of the last day, or the last instant', () => {
    expect(after(checkpoint({ field: 'At', type: 'date' }), '2026-10-25', '2026-10-26')).toBe(
      '2026-10-25T23:00:00.000Z',
    );
    expect(after(checkpoint({ field: 'At', type: 'yyyymmdd' }), '20261026')).toBe('2026-10-25T23:00:00.000Z');
    expect(after(checkpoint({ field: 'At', type: 'datetimeoffset' }), '2026-10-25T10:00:00.1239Z')).toBe(
      '2026-10-25T10:00:00.123Z',
    );
    // 02:30 comes twice that night: before the first of them nothing is missing.
    const twice = `/Date(${Date.UTC(2026, 9, 25, 2, 30)})/`;
    expect(after(checkpoint({ field: 'At', type: 'datetime' }), twice)).toBe('2026-10-25T00:30:00.000Z');
  });

  it('never goes back when rows that were inserted push others onto the next page', () => {
    const point = checkpoint({ field: 'At', type: 'date' });
    expect(after(point, '2026-10-25', '2026-10-26')).toBe('2026-10-25T23:00:00.000Z');
    expect(after(point, '2026-10-25', '2026-10-25')).toBe('2026-10-25T23:00:00.000Z');
  });

  it('is not known where the service does not keep the order, or a row has no time', () => {
    const unordered = checkpoint({ field: 'At', type: 'date' });
    expect(after(unordered, '2026-10-26', '2026-10-25')).toBeNull();
    expect(after(unordered, '2026-10-26')).toBeNull();
    expect(after(checkpoint({ field: 'At', type: 'date' }), '2026-10-25', null)).toBeNull();
  });
});

describe('where Business Central is', () => {
  it('tenant and environment make the address, also of an API of one’s own', () => {
    const url = (businessCentral: Record<string, string>) =>
      businessCentralUrl(optionsSchema.parse({ businessCentral }));
    expect(url({ tenant: 'contoso.onmicrosoft.com' })).toBe(
      'https://api.businesscentral.dynamics.com/v2.0/contoso.onmicrosoft.com/production/api/v2.0',
    );
    expect(url({ tenant: 'contoso.com', environment: 'Sand box', api: 'contoso/app/v1.0' })).toBe(
      'https://api.businesscentral.dynamics.com/v2.0/contoso.com/Sand%20box/api/contoso/app/v1.0',
    );
    expect(businessCentralUrl(optionsSchema.parse({}))).toBeNull();
    expect(optionsSchema.safeParse({ businessCentral: { tenant: 'x', api: '../v1.0' } }).success).toBe(false);
  });

  it('a company stands before what does not name one', () => {
    const company = '5d115c9c-44e3-ea11-bb43-000d3a2feca1';
    expect(entityPath({ company }, 'jobs')).toBe(`companies(${company})/jobs`);
    expect(entityPath({ company }, "Company('CRONUS')/jobs")).toBe("Company('CRONUS')/jobs");
    expect(entityPath({}, 'jobs')).toBe('jobs');
  });
});

describe('what a stream may not say', () => {
  const issues = (changes: Record<string, unknown>) =>
    streamSchema
      .safeParse({ entitySet: 'Rows', measurements: { at: 'At', value: 'V', unit: 'h', timeZone: 'UTC' }, ...changes })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
  it.each([
    [{ paging: 'keyset' }, 'keys: paging: keyset needs keys: what identifies a row'],
    [{ apply: 'groupby((At))', cursor: { field: 'Other', type: 'date' } }, 'cursor.field: with apply it must be'],
    [{ apply: 'groupby((At))', expand: ['Header'] }, 'expand: cannot be together with apply'],
    [{ sourceUnit: 'GB' }, 'sourceUnit: cannot be converted to h'],
    [{ sourceUnit: { field: 'U', map: { ST: 'kg' } } }, 'sourceUnit.map.ST: kg cannot be converted to h'],
  ])('%j', (changes, expected) => {
    expect(issues(changes).join('\n')).toContain(expected);
  });
});
