import { expect, it } from 'vitest';
import { casesOf } from '../contract/connectors/base-case.ts';
import { loadKinds } from '../contract/connectors/case.ts';
import { pagesOf, parseSoundly } from '../contract/connectors/case-pages.ts';
import { replaced } from '../contract/connectors/mutations.ts';

const HOLE = '@@hole@@';
const DEEP = '['.repeat(20_000) + ']'.repeat(20_000);
const OBJECT = '{"toString":1,"valueOf":2}';
const kinds = await loadKinds();

/** A page of a case with `odd` (JSON) at `path`: what a long run of connectors.test.ts found. */
const found: [folder: string, name: string, path: (string | number)[], odd: string][] = [
  ['prometheus', 'scalar-query', ['warnings'], `[${DEEP}]`],
  ['prometheus', 'scalar-query', ['warnings'], `[${OBJECT}]`],
  ['tryton', 'posting-date-first-days', ['result', 0, 'id'], OBJECT],
  ['odoo', 'next-window', [0, 'id'], OBJECT],
  ['odoo', 'next-window', [0, 'id'], DEEP],
  ['erpnext', 'clocks-go-back', ['data', 0, 'name'], OBJECT],
  ['http', 'feishu-login-by-json', ['data', 'items', 0, 'fields', 'Day'], DEEP],
  ['cloudwatch', 'metrics-insights-by-group', ['MetricDataResults', 0, 'Values', 0], '-1e400'],
  ['grafana', 'wide-frame-field-as-label', ['results', 'A', 'frames', 0, 'data', 'values', 1, 0], '1e400'],
  ['grafana', 'wide-frame-field-as-label', ['results', 'A', 'frames', 0, 'schema', 'meta'], noticesOf(1000)],
].filter(([folder]) => kinds.some((each) => each.folder === folder)) as never;

function noticesOf(count: number): string {
  const notices = Array.from({ length: count }, (_, index) => ({
    severity: 'warning',
    text: `${index}${'x'.repeat(500)}`,
  }));
  return JSON.stringify({ notices });
}

it.each(found)('connectors/%s, %s: %j is odd, and no harm is done', async (folder, name, path, odd) => {
  const kind = kinds.find((each) => each.folder === folder)?.kind;
  const testCase = casesOf(folder).find((each) => each.name === name);
  if (kind === undefined || testCase === undefined) throw new Error(`there is no case ${folder}/${name}`);
  const { run, context } = await pagesOf(kind, testCase);
  const page = run.pages[0];
  if (page === undefined) throw new Error(`${folder}/${name} has no page`);
  const whole = JSON.stringify(replaced(JSON.parse(page.body), path, () => HOLE));
  expect(whole).toContain(HOLE);
  const parsed = await parseSoundly(kind, { ...page, body: whole.replace(JSON.stringify(HOLE), () => odd) }, context);
  expect(parsed?.warnings.join('').length ?? 0).toBeLessThan(100_000);
});
