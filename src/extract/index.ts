/** JSONata over answers, apart from the main thread and within bounds. */
export { createExtractor } from './extractor.ts';
export { checkExpression } from './syntax.ts';
