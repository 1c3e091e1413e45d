/**
 * The entities that everything else speaks of. Pure shapes: no I/O, no clock.
 *
 * Conventions: instants are epoch milliseconds (`…Ms`); dates are ISO local dates (`YYYY-MM-DD`) in the project's
 * time zone and intervals of them are half-open (`to` excluded); money and rates are decimal strings with an
 * ISO 4217 currency, never floats; ratios are decimals (0.42, not 42).
 */
export type * from './entities/cost.ts';
export type * from './entities/fx.ts';
export type * from './entities/metric.ts';
export type * from './entities/project.ts';
export type * from './entities/sample.ts';
export type * from './entities/scalars.ts';
