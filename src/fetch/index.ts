/** The only way out to sources: HTTP for connectors, and local files below the configuration folder. */
export { createFetchFactory } from './factory.ts';
export { createFileSource } from './file-source.ts';
export { createLocalBudgets } from './local-budgets.ts';
