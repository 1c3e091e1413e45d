import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that wait long, for locks to end and servers to come back: begun last, one alone would hold up the end of all. */
const SLOW = [
  /\/contract\/queue\//,
  /\/fault\//,
  /\/embedded\/embedded\./,
  /\/cli\//,
  /\/flow\//,
  /\/package\//,
  /\/budgets\/fleet\./,
];

const rank = ({ moduleId }: TestSpecification): number => {
  const found = SLOW.findIndex((pattern) => pattern.test(moduleId));
  return found === -1 ? SLOW.length : found;
};

/** The order of a run on a fresh clone, where no earlier one tells how long each file takes. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}
