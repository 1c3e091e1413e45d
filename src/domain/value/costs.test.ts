import { describe, expect, it } from 'vitest';
import { costWith, inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';
import type { CostLine, FxRate, Project } from '../types.ts';
import { computeRoi } from './roi.ts';

const AS_OF = '2026-06-30';
const run = (manualCosts: CostLine[], project: Partial<Project> = {}, fxRates: FxRate[] = [], asOf = AS_OF) =>
  computeRoi(inputWith(projectWith([metricWith()], { manualCosts, ...project }), asOf, [], { fxRates }));
const costsOf = (...args: Parameters<typeof run>) => run(...args).costs;
const line = (sourceKey: string, amount: string, changes: Partial<CostLine> = {}): CostLine =>
  costWith({ sourceKey, amount, ...changes });

describe('cost to date', () => {
  it('is actual and accrual, net of corrections, posted up to the date; budget, commitments and forecast stand apart', () => {
    const costs = costsOf([
      line('a', '1000'),
      line('b', '-200', { correctionOf: 'a', postingDate: '2026-02-01' }),
      line('c', '300', { kind: 'accrual' }),
      line('d', '5000', { kind: 'budget' }),
      line('e', '70', { kind: 'commitment' }),
      line('f', '40', { kind: 'forecast', postingDate: '2026-09-01' }),
      line('later', '9', { postingDate: '2026-08-01' }),
    ]);
    expect(costs).toMatchObject({
      toDate: '1100',
      actual: '800',
      accrual: '300',
      corrections: '-200',
      budget: '5000',
      commitments: '70',
      forecast: '40',
      lineCount: 7,
      problems: [],
      problemCount: 0,
    });
  });
  it('splits into capex and opex, one-off and run, and pools, each of which adds up to it', () => {
    const costs = costsOf([
      line('a', '1000', { capitalisation: 'capex', pool: 'Software' }),
      line('b', '250', { recurrence: 'run', pool: 'Hosting' }),
      line('c', '50'),
    ]);
    expect(costs).toMatchObject({ toDate: '1300', capex: '1000', opex: '300', oneOff: '1050', run: '250' });
    expect(costs.byPool).toEqual([
      { pool: 'Software', amount: '1000' },
      { pool: 'Hosting', amount: '250' },
      { pool: 'other', amount: '50' },
    ]);
  });
  it('leaves out what is posted past the horizon, and says so', () => {
    const outputs = run([line('a', '1000'), line('b', '1', { postingDate: '2026-03-01' })], {
      horizonEndsOn: '2026-02-01',
    });
    expect(outputs.costs.toDate).toBe('1000');
    expect(outputs.warnings.map(({ message }) => message).join()).toContain('2026-02-01, the end of the horizon');
  });
  it('is unknown with everything else about costs while a source was never pulled', () => {
    const source = { connector: 'sap', stream: 'costs' };
    const project = projectWith([metricWith()], {
      costSources: [{ ...source, projectRef: 'P-1' }],
      manualCosts: [line('a', '10'), line('b', '5', { kind: 'budget' }), line('c', '5', { kind: 'commitment' })],
    });
    expect(computeRoi(inputWith(project, AS_OF, [], { unreadCostSources: [source] })).costs).toMatchObject({
      toDate: null,
      budget: null,
      commitments: null,
      actual: null,
      estimateAtCompletion: null,
      capex: null,
      byPool: [],
      lineCount: 3,
    });
  });
});

describe('an accrual that an actual names', () => {
  const accrual = line('acc', '1000', {
    kind: 'accrual',
    postingDate: '2026-01-31',
    capitalisation: 'capex',
    pool: 'Software',
  });
  const actual = line('inv', '1100', { postingDate: '2026-03-10', correctionOf: 'acc' });
  it('is replaced by it: nothing counts twice', () => {
    expect(costsOf([accrual, actual])).toMatchObject({
      toDate: '1100',
      actual: '1100',
      accrual: '0',
      corrections: '100',
      capex: '0',
      opex: '1100',
    });
  });
  it('counts until then, so that the figures of an earlier date stay as they were', () => {
    expect(costsOf([accrual, actual], {}, [], '2026-02-28')).toMatchObject({
      toDate: '1000',
      accrual: '1000',
      actual: null,
    });
  });
  it('is taken back on the day of the actual, so that the month before keeps its cost', () => {
    expect(run([accrual, actual]).cashFlows.map(({ date, cost }) => [date, cost])).toEqual([
      ['2026-01-31', '1000'],
      ['2026-03-31', '100'],
    ]);
  });
  it('that the books have reversed as well is not taken back twice', () => {
    const reversal = line('rev', '-1000', { kind: 'accrual', postingDate: '2026-04-01', correctionOf: 'acc' });
    for (const asOf of ['2026-03-15', AS_OF])
      expect(costsOf([accrual, actual, reversal], {}, [], asOf).toDate).toBe('1100');
  });
  it('may be named by its document', () => {
    const ofDocument = { ...accrual, document: '4900' };
    expect(costsOf([ofDocument, { ...actual, correctionOf: '4900' }]).toDate).toBe('1100');
  });
  it('is that of its own reference, where two sources use the same key', () => {
    const namesake = { ...accrual, projectRef: 'A-0', amount: '7' };
    expect(costsOf([namesake, accrual, actual])).toMatchObject({ toDate: '1107', accrual: '7' });
  });
  it('of several instalments is replaced by the first', () => {
    const second = line('inv-2', '40', { postingDate: '2026-04-10', correctionOf: 'acc' });
    expect(costsOf([accrual, actual, second]).toDate).toBe('1140');
  });
});

describe('what is still to come', () => {
  const order = line('po', '1000', { kind: 'commitment', postingDate: '2026-02-01' });
  it('EAC is cost to date and, with the cost risk, open commitments and the forecast', () => {
    const costs = costsOf(
      [line('a', '500'), order, line('f', '200', { kind: 'forecast', postingDate: '2026-10-01' })],
      { costRisk: '0.1' },
    );
    expect(costs.estimateAtCompletion).toBe(String(500 + 1200 * 1.1));
  });
  it('a commitment is used up by the actuals that name it and by what was taken back, never below zero', () => {
    const invoice = (key: string, amount: string) =>
      line(key, amount, { postingDate: '2026-03-01', correctionOf: 'po' });
    expect(costsOf([order, invoice('i1', '300')])).toMatchObject({
      commitments: '700',
      toDate: '300',
      corrections: null,
      estimateAtCompletion: '1000',
    });
    expect(costsOf([order, invoice('i1', '300'), invoice('i2', '900')])).toMatchObject({
      commitments: '0',
      toDate: '1200',
    });
    const back = line('back', '-400', { kind: 'commitment', postingDate: '2026-05-01', correctionOf: 'po' });
    expect(costsOf([order, back]).commitments).toBe('600');
    expect(costsOf([order, back], {}, [], '2026-04-30').commitments).toBe('1000');
  });
  it('a commitment that is dated by its delivery counts before it', () => {
    expect(costsOf([{ ...order, postingDate: '2026-11-01' }]).commitments).toBe('1000');
  });
  it('a commitment in another currency is used up in that currency, whatever its rate does', () => {
    const rate = (from: string, to: string | null, value: string): FxRate => ({
      from: 'USD',
      to: 'EUR',
      rate: value,
      validFrom: from,
      validTo: to,
      source: 't',
    });
    const costs = costsOf(
      [
        { ...order, currency: 'USD' },
        line('i', '1000', { currency: 'USD', postingDate: '2026-05-01', correctionOf: 'po' }),
      ],
      {},
      [rate('2026-01-01', '2026-04-01', '0.5'), rate('2026-04-01', null, '0.4')],
    );
    expect(costs).toMatchObject({ commitments: '0', toDate: '400' });
  });
  it('a forecast of a day that is over no longer counts, nor one that an actual took up', () => {
    const forecast = line('f', '200', { kind: 'forecast', postingDate: '2026-07-15' });
    expect(costsOf([forecast]).forecast).toBe('200');
    expect(costsOf([forecast], {}, [], '2026-07-15').forecast).toBe('0');
    expect(costsOf([forecast, line('a', '150', { correctionOf: 'f' })]).forecast).toBe('50');
  });
  it('is at the rate of the date of the figures, for nobody knows a later one', () => {
    const fxRates: FxRate[] = [
      { from: 'USD', to: 'EUR', rate: '0.5', validFrom: '2026-01-01', validTo: '2026-07-05', source: 't' },
    ];
    const forecast = line('f', '200', { kind: 'forecast', postingDate: '2026-09-15', currency: 'USD' });
    expect(costsOf([forecast], {}, fxRates)).toMatchObject({ forecast: '100', problems: [] });
  });
  it('of which no line says anything is not estimated, but where the horizon is over', () => {
    expect(costsOf([line('a', '500')]).estimateAtCompletion).toBeNull();
    expect(costsOf([line('a', '500')], { horizonEndsOn: '2026-07-01' }).estimateAtCompletion).toBe('500');
  });
  it('commitments below zero take nothing off the estimate, and are said', () => {
    const outputs = run([
      line('a', '500'),
      order,
      line('x', '-1500', { kind: 'commitment', postingDate: '2026-03-01' }),
    ]);
    expect(outputs.costs).toMatchObject({ commitments: '-500', estimateAtCompletion: '500' });
    expect(outputs.warnings.map(({ code }) => code)).toContain('value/cost-unknown');
  });
});

describe('a line that cannot be taken as it is', () => {
  it('without an exchange rate is listed, and every total that needs it is unknown, never a conversion at 1', () => {
    const costs = costsOf([
      line('a', '1000'),
      line('chf', '5', { currency: 'CHF', document: '4711', postingDate: '2026-02-03' }),
      line('b', '9', { kind: 'budget' }),
    ]);
    expect(costs).toMatchObject({ toDate: null, actual: null, opex: null, capex: '0', budget: '9', problemCount: 1 });
    expect(costs.problems).toEqual([
      {
        sourceKey: 'chf',
        document: '4711',
        amount: '5',
        currency: 'CHF',
        postingDate: '2026-02-03',
        code: 'value/missing-fx-rate',
        message: 'no exchange rate from CHF to EUR on 2026-02-03; totals that need it are not given',
      },
    ]);
  });
  it('lists fifty and counts the others', () => {
    const costs = costsOf(Array.from({ length: 60 }, (_, index) => line(`c${index}`, '1', { currency: 'CHF' })));
    expect([costs.problems.length, costs.problemCount]).toEqual([50, 60]);
  });
  it.each([
    [
      'nothing of this project',
      { correctionOf: 'gone' },
      'corrects gone, which is not among the lines of this project',
    ],
    ['itself', { correctionOf: 'x' }, 'says that it corrects itself'],
    ['another project', { correctionOf: 'other' }, 'of P-1 corrects other, which is of P-2'],
    ['another currency', { correctionOf: 'usd' }, 'in EUR corrects usd in USD'],
    ['a budget', { correctionOf: 'plan' }, 'corrects plan, but an actual cannot correct a budget'],
  ] as const)('says when it corrects %s, and counts by its own sign', (_, changes, message) => {
    const fxRates: FxRate[] = [
      { from: 'USD', to: 'EUR', rate: '1', validFrom: '2026-01-01', validTo: null, source: 't' },
    ];
    const outputs = run(
      [
        line('x', '-10', { ...changes, postingDate: '2026-03-01' }),
        line('other', '100', { projectRef: 'P-2' }),
        line('usd', '100', { currency: 'USD' }),
        line('plan', '100', { kind: 'budget' }),
      ],
      {},
      fxRates,
    );
    expect(outputs.costs.problems[0]?.message).toContain(message);
    expect(outputs.costs.toDate).toBe('190');
    expect(outputs.warnings.map(({ code }) => code)).toContain('value/bad-input');
  });
});
