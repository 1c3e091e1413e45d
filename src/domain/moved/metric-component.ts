import { Decimal, sum } from '../money/decimal.ts';
import type { MetricReadings } from '../readings/outcome.ts';
import type { ValueMetric } from '../types.ts';
import { canonicalJson } from '../value/canonical.ts';
import type { RoiInput } from '../value/input.ts';
import { valuateMetric } from '../value/value-parts.ts';
import { type Component, remembered, type Worth } from './component.ts';
import {
  differences,
  type Ends,
  endOf,
  fxChange,
  hybridFx,
  hybridProject,
  projectMethod,
  projectTiming,
} from './hybrid-project.ts';
import { hybridReadings, type MetricEnds, readingChanges } from './hybrid-readings.ts';
import { type Coalition, PLAYERS, type Player } from './players.ts';

const ATTRIBUTION = ['attribution', 'deadweight', 'displacement', 'confidence', 'dropOff'] as const;
const TIMING = ['startsOn', 'endsOn', 'hasStarted', 'startRule'] as const;
/** Without bearing on what was realised. */
const IDLE = ['id', 'name', 'owner', 'freshnessLimitMs', 'target', 'ramp', 'claimKey'];
const NOTHING: Worth = {
  benefit: new Decimal(0),
  cost: new Decimal(0),
  pvBenefit: new Decimal(0),
  pvCost: new Decimal(0),
};

/** One metric between two snapshots. One that only one of them has is a change of method as a whole. */
export function metricComponent(ends: Ends, metricId: string): Component {
  const at = (input: RoiInput) => {
    const metric = input.project.metrics.find(({ id }) => id === metricId);
    const readings = input.metrics.find((each) => each.metricId === metricId);
    return metric === undefined || readings === undefined ? null : { metric, readings };
  };
  const [before, after] = [at(ends.from), at(ends.to)];
  const name = after?.metric.name ?? before?.metric.name ?? metricId;
  if (before === null || after === null)
    return remembered({
      id: metricId,
      name,
      changes: new Map([['method', before === null ? 'metric added' : 'metric removed']]),
      worth(coalition) {
        const end = coalition.has('method') ? after : before;
        return end === null
          ? NOTHING
          : worthOf(coalition.has('method') ? ends.to : ends.from, end.metric, end.readings);
      },
    });
  const both: MetricEnds = {
    ends,
    metric: { from: before.metric, to: after.metric },
    readings: { from: before.readings, to: after.readings },
  };
  const changes = changesOf(both);
  return remembered({
    id: metricId,
    name,
    changes,
    worth(coalition) {
      if (coalition.size === 0) return worthOf(ends.from, before.metric, before.readings);
      if (coalition.size === changes.size) return worthOf(ends.to, after.metric, after.readings);
      return worthOf(hybridInput(ends, coalition), hybridMetric(both, coalition), hybridReadings(both, coalition));
    },
  });
}

function worthOf(input: RoiInput, metric: ValueMetric, readings: MetricReadings): Worth {
  const { metrics, presentValue } = valuateMetric(input, metric, readings);
  const benefit = sum(metrics.flatMap(({ counted }) => counted.map((period) => period.benefit)));
  return { ...NOTHING, benefit, pvBenefit: presentValue.benefits };
}

/** Benefits see time pass by `volume`. */
function hybridInput(ends: Ends, coalition: Coalition): RoiInput {
  const { asOf, closedBefore } = endOf(ends, coalition, 'volume');
  return { ...ends.from, ...hybridFx(ends, coalition), project: hybridProject(ends, coalition), asOf, closedBefore };
}

function hybridMetric({ metric }: MetricEnds, coalition: Coalition): ValueMetric {
  const of = (player: Player): ValueMetric => (coalition.has(player) ? metric.to : metric.from);
  const [attribution, timing] = [of('attribution'), of('timing')];
  return {
    ...of('method'),
    rates: of('rate').rates,
    attribution: attribution.attribution,
    deadweight: attribution.deadweight,
    displacement: attribution.displacement,
    confidence: attribution.confidence,
    dropOff: attribution.dropOff,
    startsOn: timing.startsOn,
    endsOn: timing.endsOn,
    hasStarted: timing.hasStarted,
    startRule: timing.startRule,
  };
}

function changesOf(both: MetricEnds): Map<Player, string> {
  const { ends, metric } = both;
  const { from, to } = metric;
  const { volume, restatement } = readingChanges(both);
  const owned: string[] = ['rates', ...ATTRIBUTION, ...TIMING, ...IDLE];
  const rest = [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .filter((field) => !owned.includes(field))
    .sort();
  const usesFx = [...from.rates, ...to.rates].some(
    ({ currency }) => currency !== ends.from.project.currency || currency !== ends.to.project.currency,
  );
  const words: Record<Player, string> = {
    volume: volume || (ends.from.closedBefore === ends.to.closedBefore ? '' : 'time passed'),
    rate: rateChange(from, to),
    attribution: differences(from, to, ATTRIBUTION),
    cost: '',
    timing: joined(differences(from, to, TIMING), projectTiming(ends)),
    fx: usesFx ? fxChange(ends) : '',
    restatement,
    method: joined(differences(from, to, rest), projectMethod(ends)),
  };
  return new Map(PLAYERS.filter((player) => words[player] !== '').map((player) => [player, words[player]]));
}

export const joined = (...parts: string[]): string => parts.filter((part) => part !== '').join(', ');

function rateChange(from: ValueMetric, to: ValueMetric): string {
  if (canonicalJson(from.rates) === canonicalJson(to.rates)) return '';
  const [before, after] = [from.rates.at(-1), to.rates.at(-1)];
  if (from.rates.length !== 1 || to.rates.length !== 1 || before === undefined || after === undefined)
    return 'rates changed';
  return before.amount === after.amount && before.currency === after.currency
    ? 'rate valid at other times'
    : `${before.amount} → ${after.amount} ${after.currency}`;
}
