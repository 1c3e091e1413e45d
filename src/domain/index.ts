/** Pure core: entities, money, time, finance, value and digest facts. No I/O, no clock. */
export * from './digest/build.ts';
export * from './digest/condition.ts';
export * from './digest/conversion.ts';
export * from './digest/facts.ts';
export * from './digest/fingerprint.ts';
export * from './digest/format.ts';
export { roundedMoves } from './digest/moves.ts';
export * from './digest/older.ts';
export * from './explain/index.ts';
export * from './finance/index.ts';
export * from './money/index.ts';
export * from './moved/index.ts';
export * from './plan/index.ts';
export * from './portfolio/index.ts';
export * from './readings/index.ts';
export * from './time/index.ts';
export * from './types.ts';
export * from './value/index.ts';
