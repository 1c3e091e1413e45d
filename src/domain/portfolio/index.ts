/** Projects looked at together: claims settled, one currency, one base date. */
export * from './claims.ts';
export * from './outputs.ts';
export * from './roll-up.ts';
