import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import {
  digestFacts,
  factsOfFirstRelease,
  NOW_MS,
  reportOrigin as origin,
  outputsOfFirstRelease,
  withPlan,
} from '../../test/factories/digest.ts';
import { createRenderer } from './index.ts';

const renderer = createRenderer();
const factsOf = (outputs = withPlan(), overrides = {}) =>
  digestFacts({ snapshot: { id: 's', outputs }, previous: null, ...overrides });

/** As a reader sees it: no marks, one space between words. */
const readable = (text: string): string =>
  text
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\\n/g, ' ')
    .replace(/[\s\u00a0]+/g, ' ')
    .replace(/\*/g, '')
    .replace(/&#39;/g, "'");

async function channels(facts = factsOf(), outputs = withPlan()): Promise<[string, string][]> {
  const [mail, slack, report] = await Promise.all([
    renderer.mail(facts, { test: false }),
    renderer.slack(facts, { test: false }),
    renderer.render({ facts, outputs, origin }, 'html'),
  ]);
  return [
    ['text', readable(mail.text)],
    ['mail', readable(mail.html)],
    ['slack', readable(JSON.stringify(slack.blocks))],
    ['report', readable(report.body.toString())],
  ];
}

async function csvOf(outputs = withPlan(), facts = factsOf(outputs)): Promise<Record<string, string>[]> {
  const { body } = await renderer.render({ facts, outputs, origin }, 'csv');
  return parse(body, { columns: true });
}

describe('the complete value model in every channel', () => {
  it('interval, plan, variance, forecast, constant currency and EAC are the same words', async () => {
    for (const [channel, said] of await channels())
      for (const words of [
        '80% range (P10 to P90): NPV €1,100,000 to €1,370,000, ROI 31% to 53%; NPV is above zero in 98.7% of 1,000 simulations.',
        'plan v2, frozen 20 May 2026',
        '−€8,300 (−3.5%), mostly timing',
        '€1,412,345',
        '€1,500,000',
        'NPV is above zero in all of 1,000 simulations.',
        'Expected to have paid back by 30 Nov 2026.',
        'cost €158,000',
        '€231,000 (plan €200,000)',
        'New checkout is late',
      ])
        expect(said, `${channel}: ${words}`).toContain(words);
  });

  it('MIRR stands in where IRR has several roots', async () => {
    const irr = { status: 'multiple' as const, value: null, roots: ['0.1', '0.4'] };
    const outputs = withPlan({ irr, mirr: '0.21', npvCurve: [{ rate: '0.25', npv: '-1500' }] });
    for (const [channel, said] of await channels(factsOf(outputs), outputs)) {
      expect(said, channel).toContain('MIRR (IRR has several roots)');
      expect(said, channel).toContain('21% a year');
    }
    const rows = await csvOf(outputs);
    expect(rows).toContainEqual(expect.objectContaining({ record: 'npv-curve', rate: '0.25', amount: '-1500' }));
  });

  it('says nothing of a plan that there is not', async () => {
    const facts = digestFacts();
    const mail = await renderer.mail(facts, { test: false });
    expect(mail.text).not.toMatch(/AGAINST|range|EAC/);
    expect(mail.html).not.toContain('Against plan');
  });

  it('withholds the forecast with the headline, in the report and the CSV too', async () => {
    const facts = factsOf(withPlan(), { nowMs: NOW_MS + 30 * 86_400_000 });
    for (const [channel, said] of await channels(facts)) expect(said, channel).not.toContain('1,412,345');
    const records = new Set((await csvOf(withPlan(), facts)).map(({ record }) => record));
    expect([...records].sort()).toEqual(['cost', 'deliverable', 'figure', 'flow', 'period']);
  });
});

describe('the report', () => {
  it('shows split, forecast, tornado with its bar, switching value, how it was simulated, years and versions', async () => {
    const versions = {
      ...{ engine: '4', readings: '1', definition: { hash: 'abc', version: 7 }, plan: 'v2', fx: 'fx-hash', rates: 'r' },
    };
    const { body } = await renderer.render(
      { facts: factsOf(), outputs: withPlan(), origin: { ...origin, versions } },
      'html',
    );
    const html = body.toString();
    const said = readable(html);
    for (const words of ['Variance to date', '−€6,300', '0.97 (96% in 6 periods)', '€1,334,568', '2,234,567.9'])
      expect(said).toContain(words);
    for (const words of ['1000 draws of seed 42', 'triangular from 0.8 to 1', 'FY2026', 'definition 7', 'seed 42'])
      expect(said).toContain(words);
    expect(said).toContain('approved by Investment board');
    expect(html).toMatch(/<div class="bar"><span style="left:0\.00%;width:100\.00%">/);
  });

  it('lists each cost line that cannot be taken, and escapes what it says', async () => {
    const outputs = withPlan();
    outputs.costs.problems = [
      {
        ...{
          sourceKey: '49001/1',
          document: '<b>49001</b>',
          amount: '1200',
          currency: 'USD',
          postingDate: '2026-08-01',
        },
        ...{ code: 'value/missing-fx-rate', message: '=no rate of USD' },
      },
    ];
    outputs.costs.problemCount = 3;
    const { body } = await renderer.render({ facts: factsOf(outputs), outputs, origin }, 'html');
    expect(body.toString()).toContain('&lt;b&gt;49001&lt;/b&gt;');
    expect(readable(body.toString())).toContain('The first 1 of 3.');
    const problem = (await csvOf(outputs)).find(({ record }) => record === 'cost-problem');
    expect(problem).toMatchObject({ amount: '1200', unit: 'USD', note: "'=no rate of USD" });
  });
});

describe('the CSV', () => {
  it('has plan, forecast, variance, doubt, tornado, switching values and years as rows', async () => {
    const rows = await csvOf();
    const amount = (record: string, name: string) =>
      rows.find((row) => row.record === record && row.name === name)?.amount;
    expect(amount('plan', 'npv')).toBe('1500000');
    expect(amount('forecast', 'npv_at_completion')).toBe('1412345');
    expect(amount('variance', 'benefit_timing')).toBe('-6299.6');
    expect(amount('doubt', 'npv_p10')).toBe('1100000');
    expect(amount('constant-currency', 'cost_to_date')).toBe('158000');
    expect(amount('tornado', 'Cost to date')).toBe('1334567.89');
    expect(amount('switching', 'Cost to date')).toBe('2234567.89');
    expect(rows.find(({ record }) => record === 'fiscal-year')).toMatchObject({ name: 'FY2026', benefit: '225700.4' });
  });
});

describe('what an earlier release stored', () => {
  it('a digest is still delivered, in the words that it had', async () => {
    const [older, now] = [factsOfFirstRelease(), digestFacts()];
    const [mail, slack, expected] = await Promise.all([
      renderer.mail(older, { test: false }),
      renderer.slack(older, { test: false }),
      renderer.mail(now, { test: false }),
    ]);
    expect(mail.text).toBe(expected.text);
    expect(slack.blocks.length).toBeGreaterThan(5);
  });

  it('a snapshot still gives its reports', async () => {
    const outputs = outputsOfFirstRelease();
    const facts = digestFacts({ snapshot: { id: 's', outputs } });
    const { body } = await renderer.render({ facts, outputs, origin }, 'html');
    expect(readable(body.toString())).toContain('Figures and what they rest on');
    expect((await csvOf(outputs, facts)).find(({ name }) => name === 'roi')?.amount).toBe('0.4234');
  });
});
