import type { CurrencyCode, DecimalString, LocalDate } from './scalars.ts';

export type CostKind = 'budget' | 'commitment' | 'accrual' | 'actual' | 'forecast';

/** One cost line as a connector parsed it, or as written by hand. */
export interface CostLine {
  /** Unique within connector + stream; the same key with other content is a revision. */
  sourceKey: string;
  /** Value that a project's cost source matches on (WBS element, project code …). */
  projectRef: string;
  kind: CostKind;
  capitalisation: 'capex' | 'opex';
  recurrence: 'one-off' | 'run';
  pool: string | null;
  amount: DecimalString;
  currency: CurrencyCode;
  /** Accounting date: the period in which the cost counts. */
  postingDate: LocalDate;
  cashDate: LocalDate | null;
  document: string | null;
  correctionOf: string | null;
  text: string | null;
}

export interface StoredCostLine extends CostLine {
  id: string;
  connector: string;
  stream: string;
  revision: number;
  pullId: string | null;
  pageHash: string | null;
  recordedAtMs: number;
}

export interface CostSource {
  connector: string;
  stream: string;
  projectRef: string;
}
