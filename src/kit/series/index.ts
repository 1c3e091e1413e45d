/** What kinds have in common that read series of points at fixed steps: options, labels, units, findings of `check`. */
export * from './findings.ts';
export * from './labels.ts';
export * from './options.ts';
export * from './told-apart.ts';
export * from './units.ts';
export * from './values.ts';
export * from './warnings.ts';
