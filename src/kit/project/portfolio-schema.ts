import { z } from 'zod';
import type { Portfolio } from '../../domain/types.ts';
import * as fields from '../fields.ts';
import { checkDiscountSteps } from './finance-rules.ts';
import { discountSchema } from './finance-schema.ts';
import { createCollector, type ProjectProblem } from './problem.ts';

export const portfolioSchema = z
  .strictObject({
    name: fields.text.meta({ description: 'Name for people. Default: the id.', examples: ['Shop'] }).optional(),
    currency: fields.currency.meta({ description: 'Currency of its figures.', examples: ['EUR'] }),
    discountRate: fields.rate
      .meta({ description: "Discount rate per year for all its projects. Default: each project's own." })
      .optional(),
    discount: discountSchema.optional(),
  })
  .meta({ description: 'Projects that are looked at together.' });

export type PortfolioInput = z.output<typeof portfolioSchema>;

/** The portfolio that an input without problems describes. */
export function buildPortfolio(id: string, input: PortfolioInput): Portfolio {
  const { name, currency, discountRate, discount } = input;
  return {
    id,
    name: name ?? id,
    currency,
    discount: discount ?? (discountRate === undefined ? null : [{ fromYear: 0, rate: discountRate }]),
  };
}

/** What is wrong between the values of a portfolio. */
export function portfolioProblems({ discount, discountRate }: PortfolioInput): ProjectProblem[] {
  const collector = createCollector();
  if (discount !== undefined && discountRate !== undefined)
    collector.invalid(['discount'], 'discountRate says it already: write one of the two', {
      seeAlso: ['discountRate'],
    });
  checkDiscountSteps(discount ?? [], collector);
  return collector.problems;
}
