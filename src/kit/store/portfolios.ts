import type { PortfolioOutputs } from '../../domain/portfolio/outputs.ts';
import type { LocalDate } from '../../domain/types.ts';

export interface PortfolioSnapshot {
  id: string;
  portfolioId: string;
  asOf: LocalDate;
  knownAtMs: number;
  engineVersion: string;
  /** Of the projects' inputs, the portfolio itself and the exchange rates into its currency. */
  inputsHash: string;
  outputs: PortfolioOutputs;
  createdAtMs: number;
}

export interface PortfolioSnapshotRepository {
  /** Immutable: the same portfolio, date, inputs and engine give the row that is there, `created: false`. */
  save(snapshot: Omit<PortfolioSnapshot, 'createdAtMs'>): Promise<{ snapshot: PortfolioSnapshot; created: boolean }>;
  get(id: string): Promise<PortfolioSnapshot | null>;
  /** Newest first. */
  history(portfolioId: string, limit: number): Promise<PortfolioSnapshot[]>;
}
