import { type Decimal, roundMoney } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import { earlier } from '../time/dates.ts';
import type { CostLine, LocalDate, Project } from '../types.ts';

/** A cost line in the project's currency, with the lines that it says it corrects. */
export interface ConvertedLine {
  line: CostLine;
  /** Null: no exchange rate. */
  amount: Decimal | null;
  corrects: ConvertedLine[];
}
export interface LineProblem {
  line: CostLine;
  code: 'value/missing-fx-rate' | 'value/bad-input';
  message: string;
}

/**
 * Lines in an order that does not depend on how they were read, each at the exchange rate of its posting date (of what is not
 * posted by `asOf`: of that day, for nobody knows a later one), and what is wrong with each. `correctionOf` names a line
 * by its key or all lines of a document; of the project's own reference first, for keys of two sources may be equal.
 */
export function convertLines(
  lines: readonly CostLine[],
  project: Project,
  asOf: LocalDate,
  fx: FxBook,
): { converted: ConvertedLine[]; problems: LineProblem[] } {
  const problems: LineProblem[] = [];
  const converted = [...lines].sort(compareLines).map((line): ConvertedLine => {
    const exchange = fx.on(line.currency, project.currency, earlier(line.postingDate, asOf));
    if (!exchange.found)
      problems.push({
        line,
        code: 'value/missing-fx-rate',
        message: `no exchange rate from ${line.currency} to ${project.currency} on ${exchange.date}; totals that need it are not given`,
      });
    return { line, amount: exchange.found ? roundMoney(exchange.rate.times(line.amount)) : null, corrects: [] };
  });
  const byName = new Map<string, ConvertedLine[]>();
  const name = (key: string, entry: ConvertedLine): void => {
    const known = byName.get(key);
    if (known) known.push(entry);
    else byName.set(key, [entry]);
  };
  for (const entry of converted) name(`key ${entry.line.sourceKey}`, entry);
  for (const entry of converted) if (entry.line.document !== null) name(`document ${entry.line.document}`, entry);
  for (const entry of converted) {
    const { correctionOf } = entry.line;
    if (correctionOf === null) continue;
    const named = byName.get(`key ${correctionOf}`) ?? byName.get(`document ${correctionOf}`) ?? [];
    const others = named.filter((other) => other !== entry);
    const own = others.filter(({ line }) => line.projectRef === entry.line.projectRef);
    entry.corrects = own.length > 0 ? own : others;
    const message = correctionProblem(entry, named.includes(entry));
    if (message !== null) problems.push({ line: entry.line, code: 'value/bad-input', message });
  }
  return { converted, problems };
}

function compareLines(a: CostLine, b: CostLine): number {
  return (
    compare(a.postingDate, b.postingDate) ||
    compare(a.sourceKey, b.sourceKey) ||
    compare(a.kind, b.kind) ||
    compare(a.projectRef, b.projectRef) ||
    compare(a.amount, b.amount) ||
    compare(a.currency, b.currency)
  );
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const OWN_SIGN = 'it counts by its own sign';

/** What is wrong with a correction; null: nothing. */
function correctionProblem({ line, corrects }: ConvertedLine, namesItself: boolean): string | null {
  const target = corrects[0]?.line;
  if (target === undefined)
    return namesItself
      ? `says that it corrects itself; ${OWN_SIGN}`
      : `corrects ${line.correctionOf}, which is not among the lines of this project; ${OWN_SIGN}`;
  if (target.projectRef !== line.projectRef)
    return `of ${line.projectRef} corrects ${line.correctionOf}, which is of ${target.projectRef}; ${OWN_SIGN}`;
  if (!mayCorrect(line, target))
    return `corrects ${line.correctionOf}, but ${article(line.kind)} cannot correct ${article(target.kind)}; ${OWN_SIGN}`;
  if (target.currency !== line.currency)
    return `in ${line.currency} corrects ${line.correctionOf} in ${target.currency}; each is converted at the rate of its own date`;
  return null;
}

/** Of the same kind; of cost to date among each other; and what was spent uses up what was expected. */
function mayCorrect({ kind }: CostLine, target: CostLine): boolean {
  return kind === target.kind || (isSpent(kind) && target.kind !== 'budget');
}

export const isSpent = (kind: CostLine['kind']): boolean => kind === 'actual' || kind === 'accrual';

const article = (kind: CostLine['kind']): string =>
  kind === 'actual' || kind === 'accrual' ? `an ${kind}` : `a ${kind}`;

/** Lines of one kind that belong together because they correct each other, each group in the order of the lines. */
export function groupsOf(converted: readonly ConvertedLine[], kind: CostLine['kind']): ConvertedLine[][] {
  const groupOf = new Map<ConvertedLine, ConvertedLine[]>();
  const ofKind = converted.filter(({ line }) => line.kind === kind);
  for (const entry of ofKind) groupOf.set(entry, [entry]);
  for (const entry of ofKind)
    for (const target of entry.corrects) {
      const [one, other] = [groupOf.get(entry), groupOf.get(target)];
      if (one === undefined || other === undefined || one === other) continue;
      other.push(...one);
      for (const member of one) groupOf.set(member, other);
    }
  return [...new Set(groupOf.values())];
}
