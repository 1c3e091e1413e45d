/** Decimal arithmetic and currency conversion. */
export * from './decimal.ts';
export * from './fx.ts';
export * from './fx-book.ts';
export * from './fx-lookup.ts';
export * from './fx-needs.ts';
