/** Discounting, rates of return and payback; every formula names its source. */
export * from './case.ts';
export * from './case-types.ts';
export * from './discount-steps.ts';
export * from './discounting.ts';
export * from './flow-times.ts';
export * from './irr.ts';
export * from './npv-curve.ts';
export * from './payback.ts';
export * from './roots.ts';
export * from './words.ts';
