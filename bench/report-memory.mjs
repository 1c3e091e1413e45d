// Loaded into the measured process (`--import`): leaves its highest resident memory, in KiB, where OUTTURN_BENCH_MEMORY says.
import { writeFileSync } from 'node:fs';

const file = process.env.OUTTURN_BENCH_MEMORY;
if (file !== undefined)
  process.on('exit', () => writeFileSync(file, JSON.stringify({ maxRssKiB: process.resourceUsage().maxRSS })));
