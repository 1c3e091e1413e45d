import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { casesOf } from '../contract/connectors/base-case.ts';
import { loadKinds } from '../contract/connectors/case.ts';
import { pagesOf } from '../contract/connectors/case-pages.ts';
import { enlarged, type Growth } from './large-page.ts';
import type { ParseOutcome, ParseTask } from './parse-thread.ts';

const isLong = (process.env['OUTTURN_PROPERTIES'] ?? '0') !== '0';
const MIB = 1024 * 1024;
/** In the long form the cap of an answer (`maxResponse`). */
const PAGE_MIB = isLong ? 32 : 2;
/** All the heap that a parser may have: so many times its page, and what the loaded product takes. */
const MOST_TIMES = 24;
const LOADED_MIB = 72;

/** What takes more grows faster than its page; the slowest kinds take a third of it. */
const MOST_CPU_MS_PER_MIB = 2_000;

/** Which recorded page of each kind is enlarged, and how: a list that is repeated, with what makes its rows differ. */
const growths: Readonly<Record<string, Growth & { case: string; page: number; mostMib?: number }>> = {
  cloudwatch: { case: 'metrics-insights-by-group', page: 0, list: 'MetricDataResults', vary: ['Label'] },
  datadog: { case: 'next-window', page: 0, list: 'data/attributes/series+', vary: ['group_tags/*'] },
  dynatrace: { case: 'next-window', page: 0, list: 'result/0/data/0/timestamps+', vary: [] },
  ecb: { case: 'history-as-csv', page: 0, list: '3', vary: [] },
  erpnext: { case: 'clocks-go-back', page: 0, list: 'data', vary: ['modified', 'from_time'] },
  // It cuts files into pages of a million characters itself.
  file: { case: 'seats-in-two-files', page: 0, list: '2', vary: [], mostMib: 2 },
  focus: { case: 'quantities-as-measurements', page: 0, list: 'groups', vary: [] },
  grafana: { case: 'wide-frame-field-as-label', page: 0, list: 'results/A/frames', vary: ['schema/fields/*/name'] },
  graphite: { case: 'levels-at-a-moment', page: 0, list: '', vary: ['target'] },
  http: { case: 'netdata-series', page: 1, list: 'result/data', vary: [] },
  icinga: {
    case: 'perfdata-of-icinga-itself',
    page: 0,
    list: 'results/0/attrs/last_check_result/performance_data',
    vary: ['label'],
  },
  influxdb: { case: 'next-window-takes-on', page: 0, list: 'results/0/series', vary: ['tags/shop'] },
  netsuite: { case: 'hours-by-project-when-clocks-change', page: 0, list: 'items', vary: [] },
  newrelic: { case: 'counts-by-application', page: 0, list: 'data/actor/account/nrql/results', vary: ['facet'] },
  odata: { case: 'unit-of-each-row', page: 0, list: 'value', vary: ['WorkDate'] },
  odoo: { case: 'next-window', page: 0, list: '', vary: ['write_date'] },
  prometheus: { case: 'scalar-query', page: 0, list: 'data/result/0/values', vary: [] },
  sql: { case: 'hours-when-clocks-change', page: 0, list: 'rows', vary: [] },
  tryton: { case: 'posting-date-first-days', page: 0, list: 'result', vary: [] },
  zabbix: { case: 'raw-values', page: 0, list: 'result', vary: ['ns'] },
};

const kinds = (await loadKinds()).filter(({ kind }) => kind.capabilities.pull !== false);
let worker: Worker | null = null;

/** The thread, or another one where a parser took all of its memory. */
async function thread(): Promise<Worker> {
  if (worker !== null) return worker;
  const started = new Worker(join(import.meta.dirname, 'parse-thread.ts'), {
    execArgv: ['--conditions=outturn-source'],
    resourceLimits: { maxOldGenerationSizeMb: LOADED_MIB + MOST_TIMES * PAGE_MIB, maxYoungGenerationSizeMb: 16 },
  });
  await once(started, 'message');
  worker = started;
  return started;
}

async function parsed(task: ParseTask): Promise<ParseOutcome> {
  const started = await thread();
  const answered = once(started, 'message');
  started.postMessage(task);
  try {
    const [outcome] = (await answered) as [ParseOutcome];
    return outcome;
  } catch (thrown) {
    worker = null;
    throw thrown;
  }
}

afterAll(async () => {
  await worker?.terminate();
});

describe('a page as large as it may be', () => {
  it.each(kinds)(
    `connectors/$folder needs no more than ${MOST_TIMES} times its page`,
    { timeout: 600_000 },
    async ({ folder, kind }) => {
      const growth = growths[folder];
      if (growth === undefined) throw new Error(`Say in growths how a page of connectors/${folder} grows.`);
      const testCase = casesOf(folder).find(({ name }) => name === growth.case);
      if (testCase === undefined) throw new Error(`connectors/${folder} has no case ${growth.case}`);
      const { run, context } = await pagesOf(kind, testCase);
      const page = run.pages[growth.page];
      if (page === undefined) throw new Error(`${growth.case} has no page ${growth.page}`);
      const { extract: _, ...given } = context;
      const pageMib = Math.min(PAGE_MIB, growth.mostMib ?? PAGE_MIB);
      const body = enlarged(page.body, growth, pageMib * MIB);
      const outcome = await parsed({ folder, page: { ...page, body }, context: given });
      // All of it was parsed, not refused at its first row.
      expect(outcome).toMatchObject({ refused: null });
      expect(outcome.rows).toBeGreaterThan(10);
      expect(outcome.cpuMs).toBeLessThan(pageMib * MOST_CPU_MS_PER_MIB);
    },
  );
});
