import type { CurrencyCode, DecimalString, FxQuote, LocalDate } from '../types.ts';

export type ExplainValue =
  | { kind: 'money'; amount: DecimalString; currency: CurrencyCode }
  /** A share or ratio: 0.42. */
  | { kind: 'ratio'; ratio: DecimalString }
  | { kind: 'number'; number: DecimalString; unit: string | null }
  | { kind: 'date'; date: LocalDate };

/** What the samples behind a node can be found by. */
export interface EvidenceReference {
  metricId: string;
  side: 'source' | 'denominator' | 'exposure' | 'control';
  from: LocalDate;
  to: LocalDate;
  /** Local day at whose end the samples count as known; null: as known now. */
  frozenOn: LocalDate | null;
}

export type ExplainKind =
  | 'figure'
  | 'metric'
  | 'period'
  | 'term'
  | 'flow'
  | 'cost-line'
  | 'exchange-rate'
  | 'sample'
  | 'pull'
  | 'request'
  | 'page';

/** One figure and what it was made from. The same tree for CLI, API and dashboard: JSON only. */
export interface ExplainNode {
  /** Opens the node by itself: `roi`, `failures/2026-07-01/actual`. Unique within the tree of a project. */
  path: string;
  kind: ExplainKind;
  label: string;
  /** Null: it cannot be given; `note` says why. */
  value: ExplainValue | null;
  /** In symbols, with the numbers put in: `s(A − C) · rate = −1 × (85 − 115) × 450`. */
  formula: string | null;
  /**
   * How the value follows from the children: their sum, or the quotient (first − second) / second, first / second, first −
   * second. Null: by the formula only.
   */
  combine: 'sum' | 'difference' | 'quotient' | 'gain-quotient' | null;
  note: string | null;
  /** Found in the store when the node is opened. */
  evidence: EvidenceReference | null;
  /** The pull and the archived page that it was read from. */
  origin: { pullId: string; pageHash: string } | null;
  children: ExplainNode[];
  /** A published exchange rate, whose pull is found in the store when the node is opened. */
  quote: Pick<FxQuote, 'base' | 'quote' | 'date' | 'source'> | null;
  /** Children that were cut off: `explain` of this node's path shows them. */
  more: number;
}

/** A node with what most have none of left out. */
export function node(
  given: Pick<ExplainNode, 'path' | 'kind' | 'label' | 'value'> & Partial<ExplainNode>,
): ExplainNode {
  return {
    formula: null,
    combine: null,
    note: null,
    evidence: null,
    origin: null,
    quote: null,
    children: [],
    more: 0,
    ...given,
  };
}

/** The tree to so many levels below its root, each node with so many children at most. */
export function pruned(root: ExplainNode, limits: { depth: number; children: number }): ExplainNode {
  const below = root.children.length;
  if (limits.depth <= 0) return { ...root, children: [], more: root.more + below };
  const shown = root.children.slice(0, limits.children);
  return {
    ...root,
    children: shown.map((child) => pruned(child, { ...limits, depth: limits.depth - 1 })),
    more: root.more + below - shown.length,
  };
}
