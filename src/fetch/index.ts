/** The only way out to sources: HTTP for connectors, local files below the configuration folder, foreign databases. */
export { createFetchFactory } from './factory.ts';
export { createFileSource } from './file-source.ts';
export { createLocalBudgets } from './local-budgets.ts';
export { createSqlSource } from './sql-source.ts';
