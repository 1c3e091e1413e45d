import { plain } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import type { FxLookup } from '../money/fx-lookup.ts';
import type { Project } from '../types.ts';
import { type ExplainNode, node } from './node.ts';

/** What the trees of one project are drawn with. */
export interface ExplainScope {
  project: Project;
  fx: FxBook;
}

/** The exchange rate as one node, its legs below: each published one leads to its page. Nothing for one currency. */
export function exchangeNodes(path: string, lookup: FxLookup): ExplainNode[] {
  if (!lookup.found || lookup.legs.length === 0) return [];
  const { average } = lookup;
  const over = average?.over === 'publication-days' ? 'days of publication' : 'calendar days';
  return [
    node({
      path: `${path}/fx`,
      kind: 'exchange-rate',
      label: `Exchange rate ${lookup.path.join(' → ')}`,
      value: { kind: 'number', number: plain(lookup.rate.toSignificantDigits(12)), unit: null },
      note:
        average === null
          ? null
          : `mean over ${average.days} ${over} from ${average.first} to ${average.last}; below, the last of them`,
      children: lookup.legs.map((leg) =>
        node({
          path: `${path}/fx/${leg.from}-${leg.to}`,
          kind: 'exchange-rate',
          label: `1 ${leg.quoted.base} = ${leg.quoted.rate} ${leg.quoted.quote} of ${leg.date}`,
          value: null,
          note:
            leg.origin === 'configured' ? `written in the configuration: ${leg.source}` : `published, by ${leg.source}`,
          quote:
            leg.origin === 'published'
              ? { base: leg.quoted.base, quote: leg.quoted.quote, date: leg.date, source: leg.source }
              : null,
        }),
      ),
    }),
  ];
}
