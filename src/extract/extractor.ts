import { type Extractor, PermanentError } from '#kit';

/** JSONata in a worker thread. */
export function createExtractor(): Extractor {
  return {
    evaluate: () =>
      Promise.reject(new PermanentError('source/bad-expression', 'this build evaluates no JSONata expressions')),
  };
}
