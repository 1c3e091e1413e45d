import type { SoakResult } from './soak-run.ts';

/** One column for each backend: what was done to it, and what came of it. */
export function soakTable(results: readonly SoakResult[]): string {
  const kinds = [...new Set(results.flatMap(({ injected }) => [...injected.keys()]))].sort();
  const longest = (result: SoakResult, lost: boolean): string => {
    const times = result.verdict.recoveries
      .filter((each) => each.queueLostJobs === lost)
      .map((each) => each.sinceDisturbanceMs);
    return times.length === 0 ? '–' : `${(Math.max(...times) / 1_000).toFixed(1)} s`;
  };
  const rows: string[][] = [
    [
      'faults injected',
      ...results.map(({ injected }) => String([...injected.values()].reduce((sum, each) => sum + each, 0))),
    ],
    ...kinds.map((kind) => [`  ${kind}`, ...results.map(({ injected }) => String(injected.get(kind) ?? '–'))]),
    ['jobs', ...results.map(({ verdict }) => String(verdict.jobs))],
    ['runs', ...results.map(({ verdict }) => String(verdict.runs))],
    ['quarantined by rule', ...results.map(({ verdict }) => String(verdict.quarantined))],
    ['lost', ...results.map(({ verdict }) => String(verdict.lost.length))],
    ['doubled effects', ...results.map(({ verdict }) => String(verdict.doubled.length))],
    ['longest recovery', ...results.map((result) => longest(result, false))],
    ['  after the queue lost jobs', ...results.map((result) => longest(result, true))],
  ];
  const head = ['', ...results.map(({ backend }) => backend)];
  const widths = head.map((_cell, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart((widths[column] ?? 0) + 3)))
      .join('');
  const rule = '─'.repeat(line(head).length);
  return [line(head), rule, ...rows.map(line), rule].join('\n');
}
