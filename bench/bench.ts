import { cpus } from 'node:os';
import { benchCancel } from './cancel.ts';
import { benchIngest } from './ingest.ts';
import { benchMemory } from './memory.ts';

/** `npm run bench -- memory|ingest|cancel [--json] [--runs n] [--samples n] [--seed n]`. See bench/README.md. */
const [name, ...rest] = process.argv.slice(2);
const json = rest.includes('--json');
const numberOf = (option: string, otherwise: number): number => {
  const at = rest.indexOf(option);
  const value = at === -1 ? otherwise : Number(rest[at + 1]);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${option} takes a whole number from 1`);
  return value;
};
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const mib = (value: number): string => `${value.toFixed(0)} MiB`;
const perSecond = (value: number): string => `${Math.round(value).toLocaleString('en-GB')} rows/s`;

if (!json)
  say(
    `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, PostgreSQL as embedded, its default fsync\n`,
  );
let ok = true;
if (name === 'memory') {
  const result = await benchMemory({ large: numberOf('--samples', 5_000_000) });
  if (json) say(JSON.stringify(result, null, 2));
  else {
    for (const run of result.runs)
      say(
        `${run.samples.toLocaleString('en-GB').padStart(10)} samples  peak ${mib(run.maxRssMiB)}  ${run.seconds.toFixed(1)} s  ${perSecond(run.rowsPerSecond)}  ${run.exact ? 'exact' : 'NOT EXACT'}`,
      );
    say(`ratio ${result.ratio.toFixed(2)}, at most ${result.atMost}`);
  }
  ok = result.ratio <= result.atMost && result.runs.every((run) => run.exact);
} else if (name === 'ingest') {
  const result = await benchIngest({ samples: numberOf('--samples', 500_000), runs: numberOf('--runs', 5) });
  if (json) say(JSON.stringify(result, null, 2));
  else {
    for (const [what, { rowsPerSecond }] of Object.entries(result.ways))
      say(`${what.padEnd(22)} ${perSecond(rowsPerSecond)}`);
    for (const { against, median, range, atLeast } of result.ratios)
      say(
        `against ${against}: ${median.toFixed(2)} (${range[0].toFixed(2)} – ${range[1].toFixed(2)}), at least ${atLeast}`,
      );
    say(`of ours at work itself: ${result.busySeconds.map((seconds) => seconds.toFixed(1)).join(', ')} s`);
    say(result.exact ? 'exact delivery in each run' : 'NOT EXACT');
  }
  ok = result.exact && result.ratios.every(({ median, atLeast }) => median >= atLeast);
} else if (name === 'cancel') {
  const result = await benchCancel({
    samples: numberOf('--samples', 1_000_000),
    runs: numberOf('--runs', 20),
    seed: numberOf('--seed', 1),
  });
  if (json) say(JSON.stringify(result, null, 2));
  else {
    say(`${result.milliseconds.length} cancels, seed ${result.seed}: ${result.milliseconds.join(', ')} ms`);
    say(`longest ${result.longestMs} ms, at most ${result.atMostMs}`);
    say(result.exact ? 'exact delivery after all of them' : 'NOT EXACT');
  }
  ok = result.exact && result.longestMs <= result.atMostMs;
} else {
  process.stderr.write('Name a bench: memory, ingest or cancel. `npm run bench -- memory`\n');
  ok = false;
}
process.exitCode = ok ? 0 : 1;
