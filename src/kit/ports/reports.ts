import type { DigestFacts } from '../../domain/digest/facts.ts';
import type { RoiOutputs } from '../../domain/value/outputs.ts';
import type { SnapshotVersions } from '../../domain/value/snapshot-versions.ts';
import type { RenderOptions } from './delivery.ts';

export type ReportFormat = 'html' | 'csv';
export interface RenderedReport {
  format: ReportFormat;
  contentType: string;
  body: Buffer;
}
export interface ReportInput {
  facts: DigestFacts;
  outputs: RoiOutputs;
  /** What made the figures: with it anyone can tell whether two reports rest on the same. */
  origin: {
    engineVersion: string;
    inputsHash: string;
    knownAtMs: number;
    /** Null: an earlier release did not record them. */
    versions?: SnapshotVersions | null | undefined;
  };
}
export interface ReportRenderer {
  /** `outputs` are those of the snapshot that the facts were made from: the report's evidence tables. */
  render(input: ReportInput, format: ReportFormat, options?: RenderOptions): Promise<RenderedReport>;
}
