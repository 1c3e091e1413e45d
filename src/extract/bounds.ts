/** What one evaluation may take. Every figure is far above what an answer of the largest allowed size needs. */
export interface Bounds {
  /** Processor time of the expression itself; reading the document comes on top (`readingBytesPerMs`). */
  cpuMs: number;
  /** On an overloaded machine processor time passes slowly: after so many times `cpuMs` by the clock it ends all the same. */
  mostClockTimes: number;
  /** Documents are read at this speed at least. */
  readingBytesPerMs: number;
  /** Heap of the thread, document and result included. */
  memoryMb: number;
  /** Length of the result as JSON, in characters. */
  resultCharacters: number;
  /** Calls within calls. */
  depth: number;
  /** Items of one sequence. */
  sequenceItems: number;
  threads: number;
}

export const usualBounds: Bounds = {
  cpuMs: 1000,
  mostClockTimes: 10,
  readingBytesPerMs: 4000,
  memoryMb: 512,
  resultCharacters: 64 * 1024 * 1024,
  depth: 600,
  sequenceItems: 2_000_000,
  threads: 2,
};
