import { describe, expect, it } from 'vitest';
import type { CostLine } from '#domain';
import { asOutturnError, type FileSource, type FoundFile } from '#kit';
import { connectorContext } from '../../test/factories/connector.ts';
import { ExactSum } from './exact-sum.ts';
import { focus } from './index.ts';

const HEADER =
  'BillingPeriodStart,ChargePeriodStart,ChargeCategory,ChargeClass,BillingCurrency,BilledCost,EffectiveCost,ServiceName,Tags';
const line = (
  cost: string,
  project: string | null,
  changes: { hour?: string; service?: string; month?: string } = {},
): string => {
  const month = changes.month ?? '2026-06';
  const tags = project === null ? '' : `"{""project"": ""${project}"", ""team"": null}"`;
  return `${month}-01T00:00:00Z,${month}-03T${changes.hour ?? '00'}:00:00Z,Usage,,USD,${cost},0,${changes.service ?? 'Storage'},${tags}`;
};

async function pull(files: Record<string, string[]>, changes: Record<string, unknown> = {}, fromMs = 0) {
  const source: FileSource = {
    list: async () =>
      Object.keys(files).map(
        (path, index): FoundFile => ({ path: `s3://b/${path}`, modifiedAtMs: 1000 * (index + 1), bytes: 1 }),
      ),
    read: async function* ({ path }) {
      yield `${HEADER}\n${(files[path.slice(7)] ?? []).join('\n')}\n`;
    },
  };
  const stream = focus.stream.parse({ path: 's3://b/**', projectRef: { tag: 'project' }, ...changes });
  const context = { ...connectorContext(focus.options.parse({}), { files: source }), stream, streamId: 'bill' };
  const costs: CostLine[] = [];
  const warnings: string[] = [];
  const bodies: string[] = [];
  const complete: string[] = [];
  for await (const page of focus.pull({ ...context, window: { fromMs, toMs: fromMs + 1 } })) {
    const parsed = await focus.parse(JSON.parse(JSON.stringify(page)), context);
    costs.push(...parsed.costs);
    warnings.push(...parsed.warnings);
    bodies.push(page.body);
    complete.push(...(parsed.complete ?? []).map(({ sourceKeyPrefix }) => sourceKeyPrefix));
  }
  return { costs, warnings, bodies, complete };
}

describe('a cloud bill', () => {
  it('is summed exactly by day, project and service, whatever file and order its lines stand in', async () => {
    const lines = [
      line('0.1', 'P-1'),
      line('0.2', 'P-1', { hour: '23' }),
      line('1e-12', 'P-1'),
      line('-5', 'P-2'),
      line('3', 'P-2', { service: 'Compute large' }),
    ];
    const one = await pull({ 'a/1.csv': lines });
    expect(one.costs.map(({ projectRef, pool, amount }) => [projectRef, pool, amount])).toEqual([
      ['P-1', 'Storage', '0.300000000001'],
      ['P-2', 'Compute large', '3'],
      ['P-2', 'Storage', '-5'],
    ]);
    const split = await pull({ 'a/1.csv': lines.slice(3).reverse(), 'a/2.csv': lines.slice(0, 3).reverse() });
    expect(split.costs).toEqual(one.costs);
    expect(split.bodies).toEqual(one.bodies);
  });

  it('keeps its keys when the map of projects changes', async () => {
    const before = await pull({ 'a.csv': [line('1', 'x')] });
    const after = await pull({ 'a.csv': [line('1', 'x')] }, { projectRef: { tag: 'project', map: { x: 'P-9' } } });
    expect(after.costs[0]).toEqual({ ...before.costs[0], projectRef: 'P-9' });
  });

  it('says what has no project and what has no cost; neither is zero', async () => {
    const lines = [line('1', null), line('2', null), line('', 'P-1'), line('7', 'P-1'), line('', 'P-2')];
    const { costs, warnings } = await pull({ 'a.csv': lines });
    expect(costs.map(({ projectRef, amount }) => [projectRef, amount])).toEqual([['P-1', '7']]);
    expect(warnings).toEqual([
      'left out 1 sum: 1 lines have no BilledCost, the others count (2026-06-03 P-1 Storage)',
      'left out 1 sum: no line has a BilledCost (2026-06-03 P-2 Storage)',
      'left out 2 lines of bills: no project (tag project is blank); projectRef.otherwise would keep them',
    ]);
    const kept = await pull({ 'a.csv': lines }, { projectRef: { tag: 'project', otherwise: 'rest' } });
    expect(kept.costs.find(({ projectRef }) => projectRef === 'rest')?.amount).toBe('3');
  });

  it('read by what was modified is read by whole folders', async () => {
    const files = {
      'may/1.csv': [line('1', 'old', { month: '2026-05' })],
      'june/1.csv': [line('1', 'P-1')],
      'june/2.csv': [line('2', 'P-1')],
    };
    const { costs } = await pull(files, { incremental: 'modified' }, 2500);
    expect(costs.map(({ projectRef, amount }) => [projectRef, amount])).toEqual([['P-1', '3']]);
  });

  it('of several folders is added up of all of them, though one alone was written anew', async () => {
    const files = {
      'account-1/june/1.csv': [line('1', 'P-1'), line('10', 'P-2')],
      'account-1/may/1.csv': [line('5', 'P-1', { month: '2026-05' })],
      'account-2/june/1.csv': [line('2', 'P-1')],
    };
    const { costs, complete } = await pull(files, { incremental: 'modified' }, 2500);
    expect(costs.map(({ projectRef, amount }) => [projectRef, amount])).toEqual([
      ['P-1', '3'],
      ['P-2', '10'],
    ]);
    expect(complete).toEqual(['2026-06-01/']);
  });

  it('is delivered whole: each of its lines begins with its month, quantities are none', async () => {
    const { costs, complete } = await pull({ 'a.csv': [line('1', 'P-1'), line('2', 'P-1', { month: '2026-05' })] });
    expect(complete).toEqual(['2026-05-01/', '2026-06-01/']);
    expect(costs.map(({ sourceKey }) => sourceKey.slice(0, 11))).toEqual(complete);
  });

  it('names file, line and column of what is no number or no time', async () => {
    const problem = (bad: string) => pull({ 'a.csv': [line('1', 'P-1'), bad] }).then(() => null, asOutturnError);
    expect(await problem(line('1.234,5', 'P-1').replace('1.234,5', '"1.234,5"'))).toMatchObject({
      code: 'source/bad-number',
      message: 's3://b/a.csv, line 3, column BilledCost: expected a number',
    });
    expect(await problem(line('1', 'P-1', { hour: '99' }))).toMatchObject({
      code: 'source/bad-shape',
      message: expect.stringContaining('line 3, column ChargePeriodStart'),
    });
  });
});

describe('an exact sum', () => {
  it('rounds nothing', () => {
    const sum = new ExactSum();
    expect(String(sum)).toBe('0');
    for (const each of ['0.1', '0.2', '-0.3', '1000000000000000000000', '0.000000000000000000001']) sum.add(each);
    expect(String(sum)).toBe('1000000000000000000000.000000000000000000001');
    sum.add('-1000000000000000000001');
    expect(String(sum)).toBe('-0.999999999999999999999');
  });
});
