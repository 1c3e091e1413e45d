import { describe, expect, it } from 'vitest';
import { FieldsByTable, streamIdOf } from './fields-by-table.ts';

describe('the tables of a business system', () => {
  const tables = new FieldsByTable({ date: 'date', float: 'number' });
  tables.add('timesheet', 'day', 'date');
  tables.add('timesheet', 'hours', 'float');
  tables.add('timesheet', 'photo', 'binary');
  tables.add('timesheet', 'odd', 'constructor');
  tables.add(null, 'hours', 'float');

  it('hold the fields that a stream can use, and none of what else the source sends', () => {
    expect(tables.tables()).toEqual(['timesheet']);
    expect(tables.of('timesheet')).toEqual([
      { name: 'day', type: 'date' },
      { name: 'hours', type: 'number' },
    ]);
    expect(tables.of('invoice')).toEqual([]);
    expect(tables.title('timesheet')).toBe('timesheet: day, hours');
  });

  it('are known to have what a ready stream needs', () => {
    expect(tables.hasAll('timesheet', ['day', 'hours'])).toBe(true);
    expect(tables.hasAll('timesheet', ['day', 'photo'])).toBe(false);
  });

  it.each([
    ['account.move.line', 'account-move-line'],
    ['GL Entry', 'gl-entry'],
    ['(Sales) Order ', 'sales-order'],
    [`${'a'.repeat(62)}.b`, 'a'.repeat(62)],
  ])('%s gives streams an id that is allowed', (table, id) => {
    expect(streamIdOf(table)).toBe(id);
  });
});
