import { describe, expect, it } from 'vitest';
import { exampleStream, stateWarning } from './discover.ts';

const set = (...names: string[]) => ({
  name: 'purchaseInvoices',
  keys: ['id'],
  navigations: [],
  fields: [
    { name: 'postingDate', type: 'Edm.Date' },
    { name: 'totalAmount', type: 'Edm.Decimal' },
    ...['currencyCode', 'projectNumber', ...names].map((name) => ({ name, type: 'Edm.String' })),
  ],
});

describe('documents that discover takes for actual costs', () => {
  it('may be drafts: the field that tells is named', () => {
    const documents = set('status');
    const stream = exampleStream(documents, 'v4');
    expect(stream?.['costs']).toMatchObject({ kind: 'actual' });
    expect(stateWarning(documents, stream ?? {})).toBe('; leave drafts and cancelled rows out by filter, see status');
  });

  it('have nothing said of them where no field tells', () => {
    expect(stateWarning(set(), exampleStream(set(), 'v4') ?? {})).toBe('');
  });
});
