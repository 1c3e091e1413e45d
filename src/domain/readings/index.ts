/** From samples to one reading for each period: no money yet. */
export * from './facts.ts';
export * from './kept.ts';
export * from './outcome.ts';
export * from './read-metric.ts';
export * from './samples.ts';
