import type { Reporter, TestModule } from 'vitest/node';

/** Last line of a run, the same for every tool that reads it: `N passed, N failed[, N skipped]`. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      for (const state of states) counts[state === 'pending' ? 'skipped' : state] += 1;
      // A file that does not even load has no test to count.
      if (module.state() === 'failed' && !states.includes('failed')) counts.failed += 1;
    }
    process.stdout.write(
      `\n${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}\n`,
    );
  }
}
