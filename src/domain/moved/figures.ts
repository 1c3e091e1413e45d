import { type Decimal, MONEY_PLACES, overCost, RATIO_PLACES } from '../money/decimal.ts';
import type { RoiOutputs } from '../value/outputs.ts';
import type { Worth } from './component.ts';

export const MOVED_FIGURES = ['npv', 'roi', 'benefit', 'cost', 'realised-roi'] as const;
export type MovedFigure = (typeof MOVED_FIGURES)[number];

export interface FigureRule {
  /** For people, within a sentence. */
  name: string;
  unit: 'money' | 'ratio';
  places: number;
  /** A sum over metrics and costs, so that each one's part of a contribution is exact. */
  isSum: boolean;
  published(outputs: RoiOutputs): string | null;
  /** Null: not defined there, as a ratio without costs. */
  of(worth: Worth): Decimal | null;
}

export const FIGURES: Record<MovedFigure, FigureRule> = {
  npv: {
    name: 'NPV',
    unit: 'money',
    places: MONEY_PLACES,
    isSum: true,
    published: ({ npv }) => npv,
    of: ({ pvBenefit, pvCost }) => pvBenefit.minus(pvCost),
  },
  benefit: {
    name: 'benefit to date',
    unit: 'money',
    places: MONEY_PLACES,
    isSum: true,
    published: ({ benefitToDate }) => benefitToDate,
    of: ({ benefit }) => benefit,
  },
  cost: {
    name: 'cost to date',
    unit: 'money',
    places: MONEY_PLACES,
    isSum: true,
    published: ({ costToDate }) => costToDate,
    of: ({ cost }) => cost,
  },
  roi: {
    name: 'ROI',
    unit: 'ratio',
    places: RATIO_PLACES,
    isSum: false,
    published: ({ roi }) => roi,
    of: ({ pvBenefit, pvCost }) => overCost(pvBenefit.minus(pvCost), pvCost),
  },
  'realised-roi': {
    name: 'realised ROI, undiscounted,',
    unit: 'ratio',
    places: RATIO_PLACES,
    isSum: false,
    published: ({ realisedRoi }) => realisedRoi,
    of: ({ benefit, cost }) => overCost(benefit.minus(cost), cost),
  },
};
