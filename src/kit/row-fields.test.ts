import { describe, expect, it } from 'vitest';
import { fieldsToRead, namedCells } from './row-fields.ts';

describe('fields that a mapping names', () => {
  const read = (row: Record<string, unknown>) => (name: string) => row[name];
  it('are asked for once each, both of a difference', () => {
    expect(fieldsToRead(['id', 'debit - credit', 'debit', '- amount'])).toEqual(['id', 'debit', 'credit', 'amount']);
  });
  it('a difference is exact', () => {
    const row = { debit: '1234567890123.10', credit: '0.2', amount: '-12.50' };
    expect(namedCells(['debit - credit', '- amount'], read(row))).toEqual({
      'debit - credit': '1234567890122.9',
      '- amount': '12.5',
    });
  });
  it('a blank side is missing, never zero; what is no number stays for the message', () => {
    expect(namedCells(['debit - credit'], read({ debit: '1', credit: null }))).toEqual({ 'debit - credit': null });
    expect(namedCells(['debit - credit'], read({ debit: 'many', credit: '1' }))).toEqual({ 'debit - credit': 'many' });
    expect(namedCells(['debit - credit'], read({ debit: '1' }))).toEqual({});
  });
  it('names that only look like it are fields', () => {
    expect(fieldsToRead(['cost-centre', 'Cost - net of tax'])).toEqual(['cost-centre', 'Cost - net of tax']);
  });
});
