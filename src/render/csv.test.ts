import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { digestFacts, reportOrigin as origin, roiOutputs } from '../../test/factories/digest.ts';
import { cell } from './csv.ts';
import { createRenderer } from './index.ts';

const renderer = createRenderer();

describe('the CSV report', () => {
  it('has one row for each figure, metric and period, cost and flow, that a machine reads back', async () => {
    const outputs = roiOutputs();
    const { body, contentType } = await renderer.render({ facts: digestFacts(), outputs, origin }, 'csv');
    expect(contentType).toBe('text/csv; charset=utf-8');
    const rows: Record<string, string>[] = parse(body, { columns: true });
    const periods = rows.filter(({ record }) => record === 'period');
    expect(periods).toHaveLength(outputs.metrics.reduce((sum, { periods: all }) => sum + all.length, 0));
    expect(periods[0]).toMatchObject({
      metric: 'failed-checkouts',
      from: '2026-08-31',
      actual: '71',
      benefit: '152.28',
      received: '168',
    });
    expect(rows.find(({ record, name }) => record === 'figure' && name === 'roi')?.amount).toBe('0.4234');
    expect(rows.filter(({ record }) => record === 'flow')).toHaveLength(outputs.cashFlows.length);
  });

  it('says with every row what the figures rest on, and leaves out what is not known', async () => {
    const outputs = roiOutputs({ costToDate: null, payback: { years: '0.21', date: '2026-08-14', crossesBack: true } });
    const { body } = await renderer.render({ facts: digestFacts(), outputs, origin }, 'csv');
    const rows: Record<string, string>[] = parse(body, { columns: true });
    for (const row of rows)
      expect(row).toMatchObject({ engine_version: '1', inputs_hash: origin.inputsHash, as_of: '2026-09-14' });
    for (const flow of rows.filter(({ record }) => record === 'flow')) expect(flow.amount).toBe('');
    expect(rows.find(({ name }) => name === 'payback_years')).toMatchObject({
      amount: '0.21',
      note: expect.stringContaining('2026-08-14, falls below zero again'),
    });
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+49 30 123', "'+49 30 123"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'=1"],
    ['＝1', "'＝1"],
    ['-12.5', '-12.5'],
    ['+3', '+3'],
    ['1e-7', '1e-7'],
    ['plain', 'plain'],
    [-4, '-4'],
  ])('the cell %j is written %j: no formula, numbers stay numbers', (value, written) => {
    expect(cell(value)).toBe(written);
  });
});
