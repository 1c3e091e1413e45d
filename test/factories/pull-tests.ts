import { afterAll } from 'vitest';
import { asOutturnError, type OutturnError } from '#kit';
import { type Answer, openPullBench, type PullBench } from './scripted-pull.ts';

/** A bench for all tests of a file, closed after the last of them. */
export async function pullBenchOfFile(): Promise<PullBench> {
  const bench = await openPullBench();
  afterAll(() => bench.close());
  return bench;
}

/** A source that gives these answers, one a page. */
export async function* pages(...answers: Answer[]): AsyncIterable<Answer> {
  yield* answers;
}

/** The typed error with which `work` fails. */
export const failure = (work: Promise<unknown>): Promise<OutturnError> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (thrown: unknown) => asOutturnError(thrown),
  );
