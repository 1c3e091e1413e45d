import { completeOutputs, createFormat, type Format, type RoiOutputs } from '#domain';
import type { RoiSnapshot } from '#kit';
import { versionWords } from './commands/roi-history.ts';
import { group, type Line, type Printed } from './roi-lines.ts';
import { outlookParts } from './roi-outlook.ts';
import { table } from './table.ts';

/** A stored snapshot, or one computed to be looked at. */
export type ShownFigures = Omit<RoiSnapshot, 'id' | 'createdAtMs'> & { id: string | null };

/** One project's figures in full, grouped; what a project does not have is not printed. */
export function printFigures(
  io: Printed['io'],
  project: { id: string; name: string; currency: string; timeZone: string },
  snapshot: ShownFigures,
): void {
  const outputs = completeOutputs(snapshot.outputs);
  const format = createFormat({ locale: 'en-GB', currency: outputs.currency, timeZone: project.timeZone });
  const out = { io, outputs, format };
  io.out(`${io.color.bold(project.name)} ${io.color.dim(project.id)}`);
  io.out(`${io.color.dim(outputs.basis)}\n`);
  const groups = [headline(out), costs(out), ...outlookParts(out)];
  for (const group of groups) if (group !== null) io.out(`${group}\n`);
  io.out(metricTable(out));
  const notes = [...lateDeliverables(out), ...outputs.warnings.map(({ message }) => message)];
  if (notes.length > 0) io.out('');
  for (const note of notes) io.out(`${io.color.yellow('warning')} ${note}`);
  const identity = snapshot.id === null ? 'computed now, not stored' : `snapshot ${snapshot.id}`;
  const seed = outputs.doubt === null ? '' : ` · seed ${outputs.doubt.seed}`;
  io.out(
    io.color.dim(
      `\n${identity} · as of ${format.date(snapshot.asOf)} · known at ${format.instant(snapshot.knownAtMs)}\n` +
        `${versionWords(snapshot)} · convention ${outputs.convention}${seed} · inputs ${snapshot.inputsHash.slice(0, 12)}`,
    ),
  );
  io.out(io.color.dim(`→ \`outturn explain ${project.id} npv\` shows what a figure rests on.`));
}

function headline(printed: Printed): string | null {
  const { outputs, format } = printed;
  const { doubt } = outputs;
  const range = (interval: { p10: string; p90: string } | null | undefined, write: (value: string) => string) =>
    interval == null ? null : `80% range ${write(interval.p10)} to ${write(interval.p90)}`;
  const lines: Line[] = [
    ['ROI', format.percent(outputs.roi), range(doubt?.roi, format.percent)],
    ['ROI, undiscounted', format.percent(outputs.realisedRoi)],
    ['NPV', format.money(outputs.npv), range(doubt?.npv, format.money)],
    ...(doubt === null
      ? []
      : [
          [
            'NPV above zero',
            `in ${trials(doubt.probabilityNpvPositive, format)}`,
            `of ${format.exact(String(doubt.draws))} simulations`,
          ] satisfies Line,
        ]),
    ['Benefit to date', format.money(outputs.benefitToDate), unadjusted(printed)],
    ['Cost to date', format.money(outputs.costToDate), accrued(printed)],
    ['Benefit–cost ratio', format.number(outputs.bcr)],
    ['IRR', irrWords(format, outputs), mirr(printed)],
    ['Payback', outputs.npv === null ? 'n/a' : paybackWords(outputs.payback, format), discountedPayback(printed)],
    [
      'Coverage',
      format.share(outputs.coverage.ratio),
      `${outputs.coverage.received} of ${outputs.coverage.expected} points`,
    ],
  ];
  return group(printed, null, lines);
}

/** `100%` of some trials would read as certainty. */
const trials = (probability: string, format: Format): string =>
  Number(probability) === 1 ? 'all' : Number(probability) === 0 ? 'none' : format.share(probability);

function unadjusted({ outputs, format }: Printed): string | null {
  if (outputs.unadjustedBenefitToDate === null) return null;
  const { constantCurrency } = outputs;
  const constant =
    constantCurrency?.benefitToDate == null || constantCurrency.benefitToDate === outputs.benefitToDate
      ? ''
      : ` · ${format.money(constantCurrency.benefitToDate)} at the plan’s rates`;
  return `unadjusted ${format.money(outputs.unadjustedBenefitToDate)}${constant}`;
}

function accrued({ outputs: { costs, costToDate, constantCurrency }, format }: Printed): string | null {
  if (costToDate === null && costs.lineCount === 0)
    return 'no cost is known, and unknown is not zero: a line of 0 says so';
  const parts = [
    ...(costs.accrual === null || Number(costs.accrual) === 0 ? [] : [`${format.money(costs.accrual)} accrued`]),
    ...(constantCurrency?.costToDate == null || constantCurrency.costToDate === costToDate
      ? []
      : [`${format.money(constantCurrency.costToDate)} at the plan’s rates`]),
  ];
  return parts.join(' · ');
}

export function irrWords(format: Format, { irr }: RoiOutputs): string {
  if (irr.status === 'unique') return format.yearly(irr.value);
  return { multiple: 'several roots', none: 'none from −99% to 1,000%', 'not-applicable': 'n/a' }[irr.status];
}

/** Where there is no one IRR, the rates that fit and what stands in for it. */
function mirr({ outputs: { irr, mirr: value }, format }: Printed): string | null {
  if (irr.status === 'unique') return value === null ? null : `MIRR ${format.yearly(value)}`;
  const roots = irr.roots.length === 0 ? [] : [irr.roots.map(format.percent).join(', ')];
  return [...roots, ...(value === null ? [] : [`MIRR ${format.yearly(value)}`])].join(' · ');
}

const paybackWords = ({ date, crossesBack }: RoiOutputs['payback'], format: Format): string =>
  date === null ? 'not reached' : `${format.date(date)}${crossesBack ? ' (falls back below later)' : ''}`;

function discountedPayback({ outputs: { payback, discountedPayback: other }, format }: Printed): string | null {
  if (other.date === null || other.date === payback.date) return null;
  return `discounted ${paybackWords(other, format)}`;
}

/** The split is worth reading only where there is something to split. */
function costs(printed: Printed): string | null {
  const { outputs, format } = printed;
  const { costs: kinds } = outputs;
  const eac = outputs.forecast?.costAtCompletion ?? kinds.estimateAtCompletion;
  const line = (name: string, amount: string | null, note: string | null = null): Line[] =>
    amount === null ? [] : [[name, format.money(amount), note]];
  const split = (a: string | null, b: string | null, names: [string, string]): string | null =>
    a === null || b === null || Number(a) === 0 || Number(b) === 0
      ? null
      : `${names[0]} ${format.money(a)}, ${names[1]} ${format.money(b)}`;
  const booked = [
    split(kinds.capex, kinds.opex, ['capex', 'opex']),
    split(kinds.oneOff, kinds.run, ['one-off', 'run']),
  ].filter((part) => part !== null);
  const problems =
    kinds.problemCount === 0
      ? []
      : ([['Lines not taken', String(kinds.problemCount), 'see the report']] satisfies Line[]);
  return group(printed, 'Cost', [
    ...line('Actual and accrued', outputs.costToDate, booked.join(' · ')),
    ...line('Open commitments', kinds.commitments),
    ...line('Forecast', kinds.forecast),
    ...line('At completion (EAC)', eac),
    ...line('Budget', kinds.budget, used(outputs, format)),
    ...problems,
  ]);
}

function used({ costs: { budget }, costToDate }: RoiOutputs, format: Format): string | null {
  if (budget === null || costToDate === null || Number(budget) === 0) return null;
  return `${format.percent((Number(costToDate) / Number(budget)).toFixed(6))} used`;
}

function metricTable({ io, outputs, format }: Printed): string {
  return table(
    io,
    [
      { head: 'metric', wraps: true },
      { head: 'baseline', align: 'right', optional: 3 },
      { head: 'latest', align: 'right' },
      { head: 'target', align: 'right', optional: 2 },
      { head: 'benefit to date', align: 'right' },
      { head: 'coverage', align: 'right', optional: 1 },
      { head: 'state' },
    ],
    outputs.metrics.map((metric) => [
      metric.name,
      format.number(metric.baseline?.value ?? null),
      metric.latest === null ? 'no data' : `${format.number(metric.latest.actual)} ${metric.unit}`,
      metric.target === null ? '–' : format.number(metric.target.value),
      metric.monetised ? format.money(metric.benefitToDate) : 'tracked',
      format.share(metric.coverage.ratio),
      metric.stale
        ? io.color.yellow('stale')
        : metric.hasStarted
          ? 'fresh'
          : `from ${format.dayMonth(metric.startsOn)}`,
    ]),
  );
}

function lateDeliverables({ outputs: { deliverables, asOf }, format }: Printed): string[] {
  return deliverables
    .filter(({ state }) => state === 'late')
    .map(({ name, plannedOn, forecastOn, daysLate }) => {
      const now = forecastOn !== null && forecastOn > asOf ? `expected ${format.date(forecastOn)}` : 'still not there';
      return `${name} is late: planned ${format.date(plannedOn)}, ${now} (${daysLate} ${daysLate === 1 ? 'day' : 'days'})`;
    });
}
