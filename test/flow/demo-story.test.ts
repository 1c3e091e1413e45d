import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CostLine, computeRoi, type Project, type RoiOutputs, readMetric, type StoredSample } from '#domain';
import { loadConfig } from '#src/config/index';
import { connectorKinds, jobKinds } from '#src/main/registry';
import { atDate, storyDates } from '#src/sandbox/calendar';
import { counters } from '#src/sandbox/counters';
import { referenceRates } from '#src/sandbox/ecb-server';
import { sandboxConfigYaml } from '#src/sandbox/index';
import { type ProjectCost, projectCosts, type ServiceHour, serviceHours } from '#src/sandbox/ledger';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The demo's figures as of a day, by its own YAML and the engine; the pulls in between are left out. */
async function figuresOf(nowMs: number, directory: string): Promise<Record<string, RoiOutputs>> {
  const dates = storyDates(nowMs);
  const secret = path.join(directory, 'secret');
  await writeFile(secret, 'secret');
  const files = sandboxConfigYaml(
    {
      prometheusUrl: 'http://127.0.0.1:1',
      odataUrl: 'http://127.0.0.1:1',
      ecbUrl: 'http://127.0.0.1:1',
      smtpPort: 1,
      slackApiUrl: 'http://127.0.0.1:1/api/',
      username: 'outturn',
      secretFiles: { prometheus: secret, odata: secret, smtp: secret, slack: secret },
      channel: { id: 'C0ITVALUE', name: 'it-value' },
      dates,
    },
    { objectsDirectory: directory },
  );
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(directory, name), text);
  const { config, problems } = await loadConfig({
    directory,
    env: {},
    kinds: connectorKinds,
    jobKinds: jobKinds.map((job) => job.kind),
  });
  expect(problems.filter((problem) => problem.severity === 'error')).toEqual([]);
  const counted = counters(dates);
  const hours = serviceHours(dates);
  const costs = projectCosts(dates);
  const names = {
    'failed-checkouts': 'checkout_failures_total',
    'completed-checkouts': 'checkout_completed_total',
    'pick-errors': 'pick_errors_total',
  };
  const asOf = new Date(nowMs).toISOString().slice(0, 10);
  const outputsOf = (project: Project): RoiOutputs =>
    computeRoi({
      project,
      asOf,
      closedBefore: asOf,
      metrics: project.metrics.map((metric) => {
        const counterName = Object.entries(names).find(([stream]) => stream === metric.source.stream)?.[1];
        const samples =
          counterName === undefined
            ? hours.filter((row) => row.Team === metric.source.labels.Team).map(hourSample)
            : rises(counted.filter((counter) => counter.name === counterName));
        const intervalMs = counterName === undefined ? DAY_MS : HOUR_MS;
        const source = { samples, intervalMs };
        const none = { denominator: null, exposure: null, control: null, frozen: null };
        return readMetric(project, metric, { metricId: metric.id, source, ...none }, asOf);
      }),
      costs: costs.filter((row) => row.WbsElement === project.costSources[0]?.projectRef).map(costLine),
      unreadCostSources: [],
      fxRates: [],
      fxQuotes: referenceRates(dates).map(({ date, usd }) => ({
        ...{ base: 'EUR', quote: 'USD', date, rate: usd, source: 'ecb/daily' },
      })),
    });
  return Object.fromEntries((config?.projects ?? []).map((project) => [project.id, outputsOf(project)]));
}

const sample = (atMs: number, durationMs: number, value: number): StoredSample => ({
  seriesId: 'series',
  seriesKey: 'series',
  atMs,
  durationMs,
  value,
  numerator: null,
  denominator: null,
  status: 'final',
  revision: 1,
  pullId: 'pull',
  pageHash: 'page',
  observedAtMs: atMs,
  recordedAtMs: atMs,
});

/** As `sum(increase(…[1h]))` gives them. */
function rises(list: ReturnType<typeof counters>): StoredSample[] {
  const [first] = list;
  if (first === undefined) return [];
  return Array.from({ length: first.totals.length - 1 }, (_, index) =>
    sample(
      first.fromMs + index * HOUR_MS,
      HOUR_MS,
      list.reduce((sum, { totals }) => sum + (totals[index + 1] ?? 0) - (totals[index] ?? 0), 0),
    ),
  );
}

const hourSample = (row: ServiceHour): StoredSample => sample(atDate(row.WorkDate), DAY_MS, Number(row.Hours));

const costLine = (row: ProjectCost): CostLine => ({
  sourceKey: `${row.DocumentNo}/${row.Item}`,
  projectRef: row.WbsElement,
  kind: row.ValueType === '04' ? 'actual' : 'budget',
  capitalisation: 'opex',
  recurrence: 'one-off',
  pool: row.CostElementName,
  amount: row.Amount,
  currency: row.Currency,
  postingDate: row.PostingDate,
  cashDate: null,
  document: row.DocumentNo,
  correctionOf: row.ReversedDocument,
  text: row.Text,
});

describe('what the demo shows', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'outturn-story-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  // Both ends of a month, leap day, both clock changes, the turn of the year.
  it.each([
    '2026-01-01',
    '2026-02-28',
    '2026-03-30',
    '2026-05-31',
    '2026-08-15',
    '2026-10-26',
    '2026-11-23',
    '2028-02-29',
  ])('on %s: one project that pays and one that does not, each with one rate of return', async (date) => {
    const figures = await figuresOf(atDate(date), directory);
    const checkout = figures['checkout-rewrite'];
    const scanner = figures['scanner-rollout'];
    expect(Number(checkout?.realisedRoi)).toBeGreaterThan(0.3);
    expect(Number(checkout?.realisedRoi)).toBeLessThan(0.9);
    expect(checkout?.irr.status).toBe('unique');
    expect(Number(checkout?.irr.value)).toBeGreaterThan(0.5);
    expect(Number(checkout?.irr.value)).toBeLessThan(9);
    expect(Number(scanner?.realisedRoi)).toBeGreaterThan(-0.45);
    expect(Number(scanner?.realisedRoi)).toBeLessThan(-0.15);
    expect(scanner?.irr.status).toBe('unique');
    expect(Number(scanner?.irr.value)).toBeGreaterThan(-0.98);
  });
});
