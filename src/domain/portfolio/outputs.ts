import type { CurrencyCode, DecimalString, LocalDate } from '../types.ts';
import type { CashFlow, CoverageOutput, IrrOutput, PaybackOutput } from '../value/outputs.ts';
import type { ClaimConflict } from './claims.ts';

/** What one project adds to a portfolio, in the portfolio's currency, claims settled. */
export interface PortfolioProject {
  projectId: string;
  name: string;
  /** The project's own. */
  currency: CurrencyCode;
  inputsHash: string;
  /** Why it adds nothing; null: it is counted. */
  excludedBecause: string | null;
  benefitToDate: DecimalString | null;
  costToDate: DecimalString | null;
  npv: DecimalString | null;
  /** (PVB − PVC) / PVC after claims. */
  roi: DecimalString | null;
  /** Benefit to date that other projects claim too and that was scaled away; `0` without a conflict. */
  claimReduction: DecimalString | null;
  coverage: DecimalString | null;
  /** The project's own figures, before claims, in its own currency. */
  own: {
    benefitToDate: DecimalString | null;
    costToDate: DecimalString | null;
    npv: DecimalString | null;
    roi: DecimalString | null;
  };
}

/** Outputs of one roll-up: JSON only, decimals as strings, so that equal inputs give equal bytes. */
export interface PortfolioOutputs {
  portfolioId: string;
  name: string;
  asOf: LocalDate;
  currency: CurrencyCode;
  /** To this date everything is discounted: the earliest start of a project. Null: there is none. */
  baseDate: LocalDate | null;
  basis: string;
  /** Projects that are counted, of all. Figures hold for those only. */
  counted: number;
  of: number;
  benefitToDate: DecimalString | null;
  /** Before claims were settled. */
  benefitBeforeClaims: DecimalString | null;
  costToDate: DecimalString | null;
  pvBenefits: DecimalString | null;
  pvCosts: DecimalString | null;
  npv: DecimalString | null;
  roi: DecimalString | null;
  realisedRoi: DecimalString | null;
  bcr: DecimalString | null;
  irr: IrrOutput;
  payback: PaybackOutput;
  coverage: CoverageOutput;
  cashFlows: CashFlow[];
  projects: PortfolioProject[];
  conflicts: ClaimConflict[];
  warnings: {
    code: 'value/claim-conflict' | 'value/missing-fx-rate' | 'value/partial';
    projectId: string | null;
    message: string;
  }[];
}
