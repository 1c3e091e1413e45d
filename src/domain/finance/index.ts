/** Discounting, rates of return and payback; every formula names its source. */
export * from './case.ts';
export * from './discounting.ts';
export * from './irr.ts';
export * from './payback.ts';
export * from './roots.ts';
