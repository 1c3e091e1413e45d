import { installMissingServers } from './packages.ts';

/** Once before all tests: the Debian packages that they use. What stays missing is skipped, or fails with `CI=true`. */
export default async function setup(): Promise<void> {
  await installMissingServers((line) => process.stderr.write(`[test set-up] ${line}\n`));
}
