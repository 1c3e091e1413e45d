import type { RoiOutputs, VarianceParts } from '#domain';
import type { Printed } from './roi-lines.ts';
import { table } from './table.ts';

/** Plan, forecast, what NPV is sensitive to, and fiscal years: each only where the project has it. */
export function outlookParts(printed: Printed): (string | null)[] {
  return [againstPlan(printed), variance(printed), sensitivity(printed), fiscalYears(printed)];
}

function againstPlan({ io, outputs, format }: Printed): string | null {
  const { plan, forecast, doubt } = outputs;
  if (plan === null) return null;
  const row = (
    name: string,
    now: string | null,
    planned: string | null,
    write: (value: string) => string,
  ): string[][] => (now === null ? [] : [[name, planned === null ? 'n/a' : write(planned), write(now)]]);
  const rows = [
    ...row('Benefit to date', outputs.benefitToDate, plan.benefitToDate, format.money),
    ...row('Cost to date', outputs.costToDate, plan.costToDate, format.money),
    ...(forecast === null
      ? []
      : [
          ...row('Benefit at completion', forecast.benefitAtCompletion, plan.benefitTotal, format.money),
          ...row('Cost at completion', forecast.costAtCompletion, plan.costTotal, format.money),
          ...row('NPV at completion', forecast.npvAtCompletion, plan.npv, format.money),
          ...row('ROI at completion', forecast.roiAtCompletion, plan.roi, format.percent),
        ]),
  ];
  const title = `${io.color.bold('Against plan')} ${io.color.dim(`${plan.version}, frozen ${format.date(plan.frozenOn)}`)}`;
  const body = table(
    inset(io),
    [{ head: 'figure' }, { head: 'plan', align: 'right' }, { head: 'now', align: 'right' }],
    rows,
  );
  const atCompletion = doubt?.atCompletion ?? null;
  const notes = [
    ...(forecast?.payback.date == null || forecast.payback.date <= outputs.asOf
      ? []
      : [`expected to have paid back by ${format.date(forecast.payback.date)}`]),
    ...(atCompletion === null
      ? []
      : [
          `NPV at completion: 80% range ${format.money(atCompletion.npv.p10)} to ${format.money(atCompletion.npv.p90)}, ` +
            `above zero in ${format.share(atCompletion.probabilityNpvPositive)}`,
        ]),
  ];
  return [title, indented(body), ...notes.map((note) => `  ${io.color.dim(note)}`)].join('\n');
}

function variance({ io, outputs, format }: Printed): string | null {
  const { variance: shown } = outputs;
  if (shown === null) return null;
  const row = (name: string, parts: VarianceParts | null): string[][] =>
    parts === null
      ? []
      : [[name, ...[parts.total, parts.volume, parts.rate, parts.timing, parts.fx].map(format.moneyChange)]];
  const rows = [...row('Benefit', shown.benefit), ...row('Cost', shown.cost)];
  if (rows.length === 0) return null;
  const figures = ['total', 'volume', 'rate', 'timing', 'FX'].map((head) => ({ head, align: 'right' as const }));
  const title = `${io.color.bold('Variance to date')} ${io.color.dim('actual less plan')}`;
  return [title, indented(table(inset(io), [{ head: 'of' }, ...figures], rows))].join('\n');
}

/** The widest few: the report has all. */
const DRIVERS = 3;

function sensitivity(printed: Printed): string | null {
  const { outputs, format } = printed;
  const drivers = (outputs.sensitivity?.tornado ?? []).filter(({ swing }) => Number(swing) !== 0).slice(0, DRIVERS);
  const zeros = new Map((outputs.sensitivity?.switching ?? []).map((row) => [row.driver, row]));
  if (drivers.length === 0) return null;
  const { io } = printed;
  const rows = drivers.map(({ driver, name, low, high, npvAtLow, npvAtHigh }) => {
    const zero = zeros.get(driver);
    return [
      name,
      `${format.number(low)} to ${format.number(high)}`,
      `${format.moneyCompact(npvAtLow)} to ${format.moneyCompact(npvAtHigh)}`,
      zero?.value == null ? 'nowhere' : format.apart(zero.base, zero.value)[1],
    ];
  });
  const columns = [
    { head: 'driver', wraps: true },
    { head: 'from – to', align: 'right' as const },
    { head: 'NPV', align: 'right' as const },
    { head: 'NPV is zero at', align: 'right' as const },
  ];
  return [io.color.bold('What NPV is most sensitive to'), indented(table(inset(io), columns, rows))].join('\n');
}

/** One calendar year says nothing that the figures to date do not. */
function fiscalYears(printed: Printed): string | null {
  const { io, outputs, format } = printed;
  if (outputs.fiscalYears.length < 2) return null;
  const figures = ['benefit', 'cost', 'net'].map((head) => ({ head, align: 'right' as const }));
  const rows = outputs.fiscalYears.map(({ name, benefit, cost, net }: RoiOutputs['fiscalYears'][number]) => [
    name,
    format.money(benefit),
    format.money(cost),
    format.money(net),
  ]);
  return [io.color.bold('By fiscal year'), indented(table(inset(io), [{ head: 'year' }, ...figures], rows))].join('\n');
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

/** Two columns narrower. */
const inset = ({ color, columns }: Printed['io']): Pick<Printed['io'], 'color' | 'columns'> => ({
  color,
  columns: columns === null ? null : columns - 2,
});
