import { describe, expect, it } from 'vitest';
import {
  digestFacts,
  factsOfFirstRelease,
  metricOutput,
  NOW_MS,
  outputsOfFirstRelease,
  previousOutputs,
  project,
  roiOutputs,
  withPlan,
} from '../../../test/factories/digest.ts';
import { digestFingerprint } from './fingerprint.ts';
import { completeFacts, completeOutputs } from './older.ts';

const factsOf = (outputs = withPlan(), overrides = {}) =>
  digestFacts({ snapshot: { id: 's', outputs }, previous: null, ...overrides });

describe('a digest of a project with a plan', () => {
  it('sets benefit and cost to date, NPV and ROI at completion beside the plan, with what made most of the difference', () => {
    const { outlook } = factsOf();
    expect(outlook).toMatchObject({
      plan: 'v2',
      benefitToDate: { plan: '234000', now: '225700.4', difference: '-8299.6', mostly: 'timing' },
      costToDate: { plan: '150000', now: '158900', difference: '8900', mostly: 'volume' },
      atCompletion: { npv: { difference: '-87655' }, roi: { difference: '-0.6' }, paybackDate: '2026-11-30' },
    });
  });

  it('names no main cause where none makes half of the difference', () => {
    const thirds = { total: '-9', share: null, volume: '-3', rate: '-3', timing: '-3', fx: '0' };
    const { outlook } = factsOf(withPlan({ variance: { benefit: thirds, cost: null, metrics: [] } }));
    expect(outlook?.benefitToDate?.mostly).toBeNull();
  });

  it('tells constant currency only where it differs', () => {
    expect(factsOf().outlook?.constantCurrency).toMatchObject({ costToDate: '158000' });
    const same = { benefitToDate: '225700.4', costToDate: '158900', npv: '1234567.89' };
    expect(factsOf(withPlan({ constantCurrency: same })).outlook?.constantCurrency).toBeNull();
  });

  it('has interval and probability beside the headline', () => {
    expect(factsOf().headline?.doubt).toEqual({
      draws: 1000,
      npv: { p10: '1100000', p90: '1370000' },
      roi: { p10: '0.31', p90: '0.53' },
      probabilityNpvPositive: '0.987',
    });
  });

  it('withholds plan and forecast together with the headline', () => {
    const facts = factsOf(withPlan(), { nowMs: NOW_MS + 30 * 86_400_000 });
    expect([facts.headline, facts.outlook]).toEqual([null, null]);
    expect(facts.cost.atCompletion).toBe('231000');
  });

  it('is another digest when only the forecast has moved', () => {
    const { forecast } = withPlan();
    if (forecast === null) throw new Error('no forecast');
    const later = withPlan({ forecast: { ...forecast, npvAtCompletion: '900000' } });
    expect(digestFingerprint(factsOf(later))).not.toBe(digestFingerprint(factsOf()));
  });
});

describe('alerts of the complete model', () => {
  it('a late deliverable is named with the metrics that wait for it', () => {
    const waiting = project();
    for (const metric of waiting.metrics)
      if (metric.id === 'conversion') metric.startRule = { deliverable: 'new-checkout', lagMonths: 0, lagDays: 0 };
    const outputs = withPlan();
    for (const metric of outputs.metrics) metric.hasStarted = metric.metricId !== 'conversion';
    const facts = factsOf(outputs, { project: waiting });
    expect(facts.alerts).toContain(
      'New checkout is late: planned 20 Aug 2026, expected 1 Oct 2026 (42 days); no benefit begins before it: Conversion rate',
    );
    expect(facts.metrics.find(({ name }) => name === 'Conversion rate')?.begins).toEqual({
      on: '2026-07-01',
      after: 'New checkout',
    });
  });

  it('an expected cost over plan and over budget is said before the money is spent', () => {
    expect(factsOf().alerts).toEqual(
      expect.arrayContaining([
        'Cost is expected to come to €231,000, €31,000 over plan v2',
        'Cost is expected to come to €231,000, €51,000 over the budget',
      ]),
    );
  });

  it('an expected cost within one per cent of the plan is as planned', () => {
    const { forecast } = withPlan();
    if (forecast === null) throw new Error('no forecast');
    const outputs = withPlan({ forecast: { ...forecast, costAtCompletion: '201000' } });
    expect(factsOf(outputs).alerts.join()).not.toContain('over plan');
  });

  it.each(['value/weak-counterfactual', 'value/claim-conflict'] as const)('%s needs a person', (code) => {
    const outputs = roiOutputs({ warnings: [{ code, metricId: null, message: 'somebody should look' }] });
    expect(factsOf(outputs).alerts).toContain('Somebody should look');
  });
});

describe('what an earlier release stored', () => {
  it('a snapshot gives a digest, now and as the one compared with', () => {
    const now = digestFacts({ snapshot: { id: 's', outputs: outputsOfFirstRelease() } });
    expect(now.headline).toMatchObject({ roi: '0.4234', doubt: null, mirr: null });
    expect(now.outlook).toBeNull();
    const previous = { date: '2026-09-07', outputs: outputsOfFirstRelease(previousOutputs()) };
    const compared = digestFacts({ snapshot: { id: 's', outputs: withPlan() }, previous });
    expect(compared.headline?.roiChange).toBe('0.0324');
    expect(compared.netChange).toBe('17787.7');
  });

  it('is completed with what is unknown, and the current shape is left as it is', () => {
    const older = outputsOfFirstRelease();
    expect(Object.hasOwn(older, 'plan')).toBe(false);
    expect(Object.hasOwn(older.metrics[0] ?? {}, 'hasStarted')).toBe(false);
    const complete = completeOutputs(older);
    expect(complete).toMatchObject({ plan: null, doubt: null, costs: { accrual: null, problems: [] } });
    expect(complete.metrics[0]).toMatchObject({ fit: null, hasStarted: true, baseline: { kind: 'value' } });
    expect(completeOutputs(withPlan())).toEqual(withPlan());
    expect(
      completeOutputs(roiOutputs({ metrics: [metricOutput({ baseline: null })] })).metrics[0]?.baseline,
    ).toBeNull();
  });

  it('facts of a digest get what they lack as unknown', () => {
    const older = factsOfFirstRelease();
    expect(Object.hasOwn(older, 'outlook')).toBe(false);
    expect(completeFacts(older)).toMatchObject({ outlook: null, headline: { doubt: null }, cost: { planned: null } });
  });

  it('has the fingerprint that it had: no digest goes out because of a release', () => {
    const facts = digestFacts({ previous: null });
    expect(digestFingerprint(completeFacts(factsOfFirstRelease()))).toBe(digestFingerprint(digestFacts()));
    expect(JSON.parse(digestFingerprint(facts))).not.toHaveProperty('outlook');
  });
});
