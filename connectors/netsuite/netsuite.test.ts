import { describe, expect, it } from 'vitest';
import { addressOf, optionsSchema, streamSchema } from './options.ts';
import { dayRanges, selectQuery } from './query.ts';
import { errorText } from './suiteql.ts';

const costs = {
  sourceKey: ['id'],
  projectRef: 'project',
  kind: 'actual',
  amount: 'amount',
  currency: 'EUR',
  postingDate: 'posted',
};
const written = {
  from: 'transaction t',
  columns: {
    id: { sql: 't.id', type: 'number' },
    project: 't.memo',
    amount: 't.foreigntotal',
    posted: { sql: 't.trandate', type: 'date' },
  },
  cursor: 't.lastmodifieddate',
  keys: ['id'],
  costs,
};
const problems = (changes: Record<string, unknown>): string[] =>
  (streamSchema.safeParse({ ...written, ...changes }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

it.each([
  ['1234567', 'https://1234567.suitetalk.api.netsuite.com'],
  ['1234567_SB1', 'https://1234567-sb1.suitetalk.api.netsuite.com'],
  ['TSTDRV123', 'https://tstdrv123.suitetalk.api.netsuite.com'],
])('the address of account %s', (accountId, address) => {
  expect(addressOf(optionsSchema.parse({ accountId, timeZone: 'UTC' }))).toBe(address);
});

describe('the window as days of the account', () => {
  const ranges = (from: string, to: string, zone: string, days = 31) =>
    [...dayRanges({ fromMs: Date.parse(from), toMs: Date.parse(to) }, zone, days)].map(
      ({ from: first, before, completeToMs }) => [first, before, new Date(completeToMs).toISOString()].join(' '),
    );

  it('takes in the whole days that it touches', () => {
    expect(ranges('2026-06-01T06:30:00Z', '2026-06-01T07:30:00Z', 'America/Los_Angeles')).toEqual([
      '2026-05-31 2026-06-02 2026-06-01T07:30:00.000Z',
    ]);
    // Midnight in Los Angeles: the day that begins there is not touched.
    expect(ranges('2026-06-01T07:00:00Z', '2026-06-02T07:00:00Z', 'America/Los_Angeles')).toEqual([
      '2026-06-01 2026-06-02 2026-06-02T07:00:00.000Z',
    ]);
  });

  it('in pieces that touch, over the days when clocks change', () => {
    expect(ranges('2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z', 'Europe/Berlin', 1)).toEqual([
      '2026-10-24 2026-10-25 2026-10-24T22:00:00.000Z',
      '2026-10-25 2026-10-26 2026-10-25T23:00:00.000Z',
      '2026-10-26 2026-10-27 2026-10-26T12:00:00.000Z',
    ]);
  });

  it('without a length has none', () => {
    expect(ranges('2026-06-01T00:00:00Z', '2026-06-01T00:00:00Z', 'UTC')).toEqual([]);
  });
});

it('a query without cursor and conditions reads all, in the order of the keys', () => {
  const { cursor: _cursor, ...rest } = written;
  expect(selectQuery(streamSchema.parse(rest), null, null)).toBe(
    "SELECT t.id AS id, t.memo AS project, t.foreigntotal AS amount, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS posted FROM transaction t ORDER BY t.id",
  );
});

describe('a stream', () => {
  it.each([
    [{}, []],
    [{ keys: undefined }, ['keys: ']],
    [{ keys: ['line'] }, ['keys.0: there is no column "line"']],
    [{ from: 'transaction t; DELETE' }, ['from: expected a piece of SuiteQL']],
    [{ where: 't.id = 1 -- all' }, ['where: expected a piece of SuiteQL']],
    [{ where: "t.memo = '-- not a comment; (' AND t.id IN (1, 2)" }, []],
    [{ where: "t.memo = 'it''s'" }, []],
    [{ where: 't.id = 1) OR (1 = 1' }, ['where: has quotes or brackets']],
    [{ where: "t.memo = 'x" }, ['where: has quotes or brackets']],
    [
      { columns: { ...written.columns, posted: 't.trandate' } },
      ['costs.postingDate: column "posted" would come in the'],
    ],
    [{ columns: { ...written.columns, posted: "TO_CHAR(t.trandate, 'YYYY-MM-DD')" } }, []],
    [{ groupBy: ['posted'], keys: ['posted'], cursor: 't.trandate' }, []],
    [{ groupBy: ['posted'], keys: ['posted'] }, ['cursor: must be the SQL of a column of type date']],
    [{ groupBy: ['posted'], cursor: 't.trandate' }, ['keys.0: "id" is not grouped by']],
  ])('%j', (changes, expected) => {
    const found = problems(changes);
    expect(found).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(found[index]).toContain(text);
  });
});

it('what is no problem document says nothing', () => {
  expect(errorText('<html>')).toBeNull();
  expect(errorText('[]')).toBeNull();
  expect(errorText('{"o:errorDetails":[null]}')).toBeNull();
  expect(errorText('{"title":"Unauthorized","o:errorCode":"INVALID_LOGIN"}')).toBe('Unauthorized (INVALID_LOGIN)');
});
