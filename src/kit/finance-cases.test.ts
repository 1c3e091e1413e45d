import { describe, expect, it } from 'vitest';
import document from '../../test/fixtures/finance.json' with { type: 'json' };
import { OutturnError } from './errors.ts';
import { evaluateFinanceInput, readFinanceDocument } from './finance-cases.ts';

describe('a finance document', () => {
  it('shaped like the worked examples is computed, case by case, in order', () => {
    expect(evaluateFinanceInput(document).map(({ id }) => id)).toEqual(document.cases.map(({ id }) => id));
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
      '"rat"',
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
    expect(twice.problems).toEqual([{ path: 'cases[1].id', message: 'the id a is there twice' }]);
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
});
