import { describe, expect, it } from 'vitest';
import document from '../../test/fixtures/finance.json' with { type: 'json' };
import { OutturnError } from './errors.ts';
import { evaluateFinanceInput, readFinanceDocument } from './finance-cases.ts';

describe('a finance document', () => {
  it('shaped like the worked examples is computed, case by case, in order', () => {
    const { results, benefits } = evaluateFinanceInput(document);
    expect(results.map(({ id }) => id)).toEqual(document.cases.map(({ id }) => id));
    expect(benefits.map(({ id, benefitToDate }) => ({ id, benefitToDate }))).toEqual(
      document.benefit.map(({ id, computed }) => ({ id, benefitToDate: computed.benefitToDate })),
    );
  });
  it('with mistakes names all of them at once, each with its place', () => {
    const { problems } = readFinanceDocument({
      cases: [
        { id: 'a', rate: 'ten', flows: ['-1', 'x', 2] },
        { id: 'a', rat: '0.1', datedFlows: [['2026-02-30', '1']] },
        { id: 'b' },
        { id: 'c', costs: ['1'] },
        { id: 'd', rate: '-1', flows: [] },
        { id: 'e', datedFlows: [['2026-01-01']] },
        7,
      ],
    });
    const text = problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
    for (const part of [
      'cases[0].rate',
      'cases[0].flows[1]',
      'cases[1].datedFlows[0][0]',
      'cases[1].rat: unknown key "rat", did you mean "rate"?',
      'cases[4].rate',
      'cases[4].flows',
      // What no single field shows is said beside the mistakes in single fields.
      'cases[1].id: the id a is there twice',
      'cases[2].flows: nothing to compute',
      'cases[3].benefits: costs and benefits',
      'cases[5].datedFlows[0]: expected a pair, [date, amount]',
      'cases[6]: expected an object',
    ])
      expect(text).toContain(part);
  });
  it('with nothing to compute, costs without benefits, or an id twice is refused', () => {
    const { problems } = readFinanceDocument({
      cases: [{ id: 'a' }, { id: 'c', costs: ['1'] }, { id: 'd', flows: ['1'], datedFlows: [['2026-01-01', '1']] }],
    });
    expect(problems.map(({ path }) => path)).toEqual(['cases[0].flows', 'cases[1].benefits', 'cases[2].flows']);
    const twice = readFinanceDocument({
      cases: [
        { id: 'a', flows: ['1'] },
        { id: 'a', flows: ['1'] },
      ],
    });
    expect(twice.problems).toEqual([{ path: 'cases[1].id', message: 'the id a is there twice', line: null }]);
  });
  it('that is no document at all is bad input with a hint, not a stack', () => {
    for (const input of [null, [], 'text', 7, {}]) {
      try {
        evaluateFinanceInput(input);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(OutturnError);
        expect(error).toMatchObject({ code: 'value/bad-input', hint: expect.stringContaining('cases') });
      }
    }
  });
  it('terms that contradict each other are all named: rates, steps, timing, risk, the Green Book’s own rates', () => {
    const { problems } = readFinanceDocument({
      cases: [
        { id: 'a', flows: ['1'], rate: '0.1', rates: ['0.1'] },
        {
          id: 'b',
          flows: ['1'],
          rates: [
            { fromYear: 2, rate: '0.1' },
            { fromYear: 2, rate: '0.1' },
          ],
        },
        { id: 'c', flows: ['1'], rates: [{ fromYear: 0, rate: '-2' }], inflation: [] },
        { id: 'd', flows: ['1'], convention: 'servicenow', timing: 'end' },
        { id: 'e', flows: ['1'], timing: 'middle' },
        { id: 'f', flows: ['1'], costRisk: '0.1', benefitRisk: '2' },
        { id: 'g', flows: ['1'], convention: 'green-book', rate: '0.1' },
        { id: 'h', datedFlows: [['2026-01-01', '1']], convention: 'tei', timing: 'mid' },
      ],
    });
    expect(problems.map(({ path, message }) => `${path}: ${message}`).sort()).toEqual([
      'cases[0].rates: give rate or rates, not both',
      'cases[1].rates[0].fromYear: the first step must be from year 0',
      'cases[1].rates[1].fromYear: steps must ascend: 2 is not after 2',
      'cases[2].inflation: takes 1 to 200 rates',
      'cases[2].rates[0].rate: expected a rate above -1 as a decimal, such as 0.08 for 8 %',
      'cases[3].timing: the servicenow convention allows start, not end',
      'cases[4].timing: expected one of start, mid, end, or a note of several words',
      'cases[5].benefitRisk: expected a share from 0 to 1, such as 0.1 for 10 %',
      'cases[5].benefitRisk: weighs costs with benefits: bare flows do not say which is which',
      'cases[5].costRisk: weighs costs with benefits: bare flows do not say which is which',
      'cases[6].rate: the Green Book has its own rates: leave it out',
      'cases[7].convention: the tei convention discounts whole years: give flows by year, or leave it out',
      'cases[7].timing: dated flows count on their days: leave timing out',
    ]);
  });
});
