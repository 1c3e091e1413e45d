/** `npm run test:fault -- --minutes N --seed S --backend postgres|redis|cluster|all`: see docs/fault-tests.md. */
import { parseArgs } from 'node:util';
import type { BackendName } from './harness/backends.ts';
import { faultSeed, seededRandom } from './harness/seed.ts';
import { type SoakResult, soak } from './harness/soak-run.ts';
import { soakTable } from './harness/soak-table.ts';

const allBackends: readonly BackendName[] = ['postgres', 'redis', 'cluster'];
const USAGE = 'usage: npm run test:fault -- [--minutes N] [--seed S] [--backend postgres|redis|cluster|all]';

function options(): { minutes: number; seed: number; backends: readonly BackendName[] } {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, backend: { type: 'string' } },
  });
  const minutes = Number(values.minutes ?? '5');
  if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, not “${values.minutes}”`);
  const name = values.backend ?? 'all';
  const backends = allBackends.filter((backend) => name === 'all' || name === backend);
  if (backends.length === 0) throw new Error(`--backend takes ${allBackends.join(', ')} or all, not “${name}”`);
  return { minutes, seed: faultSeed(values.seed ?? process.env['OUTTURN_FAULT_SEED']), backends };
}

let chosen: ReturnType<typeof options>;
try {
  chosen = options();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exit(2);
}
const { minutes, seed, backends } = chosen;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`fault seed ${seed} (to replay: npm run test:fault -- --minutes ${minutes} --seed ${seed})`);
const results: SoakResult[] = [];
for (const backend of backends) {
  say(`\n${backend}: ${((minutes * 60) / backends.length).toFixed(0)} s of faults`);
  results.push(
    await soak({ backend, durationMs: (minutes * 60_000) / backends.length, random: seededRandom(seed), say }),
  );
}
say(`\n${soakTable(results)}`);
const violations = results.flatMap(({ backend, violations: found }) => found.map((text) => `${backend}: ${text}`));
if (violations.length > 0)
  say(`\n${violations.length} promises broken (fault seed ${seed}):\n${violations.join('\n')}`);
process.exit(violations.length === 0 ? 0 : 1);
