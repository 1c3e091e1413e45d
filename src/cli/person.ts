import { userInfo } from 'node:os';

/** Who decides at this command line, as the ledgers keep it. */
export function person(): string {
  try {
    return `cli (${userInfo().username})`;
  } catch {
    // An account without a name, as in some containers.
    return 'cli';
  }
}
