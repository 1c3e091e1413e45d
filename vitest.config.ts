import path from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { SlowestFirst } from './test/harness/slowest-first.ts';

// The commands that tests start load the same files hundreds of times: V8's code of them is kept between processes.
process.env['NODE_COMPILE_CACHE'] ??= path.join(import.meta.dirname, 'node_modules/.cache/compile');

/** Tests of pure functions, and of what answers from a loopback server: files share a process, which has loaded the product once. */
const light = ['src/{domain,kit,config,cli}/**/*.test.ts', 'connectors/!(odata|sql)/*.test.ts'];

export default defineConfig({
  resolve: { conditions: ['outturn-source', 'node', 'development|production', 'default'] },
  ssr: { resolve: { conditions: ['outturn-source', 'node', 'development|production', 'default'] } },
  test: {
    pool: 'forks',
    execArgv: ['--conditions=outturn-source'],
    reporters: ['default', './test/harness/closing-line-reporter.ts'],
    // More than the two cores of a small machine: many tests wait for locks to end and servers to come back.
    maxWorkers: 3,
    sequence: { sequencer: SlowestFirst },
    // Only against a test that hangs: a machine may be many times slower than the one it was written on.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    projects: [
      {
        extends: true,
        test: { name: 'light', include: light, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['src/**/*.test.ts', 'jobs/**/*.test.ts', 'connectors/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...light],
          globalSetup: ['test/harness/global-setup-packages.ts', 'test/harness/global-setup-database.ts'],
        },
      },
    ],
  },
});
