import { Decimal } from '../money/decimal.ts';
import type { FxLookup } from '../money/fx-lookup.ts';
import type { CurrencyCode, DecimalString, LocalDate } from '../types.ts';
import type { DigestFacts } from './facts.ts';
import { createFormat } from './format.ts';

/** The amounts of a headline in a reader's currency, all at one rate: that of the date of the figures. */
export interface DigestConversion {
  currency: CurrencyCode;
  /** Null: there is none for the date of the figures, so nothing is converted. `date`: the oldest publication on its path. */
  rate: { value: DecimalString; date: LocalDate; source: string } | null;
  npv: DecimalString | null;
  benefitToDate: DecimalString | null;
  costToDate: DecimalString | null;
}

/** What the headline comes to at that rate. Null without a headline, and for a reader of the same currency. */
export function convertHeadline(
  { headline, currency: original, asOf }: DigestFacts,
  currency: CurrencyCode,
  lookup: FxLookup,
): DigestConversion | null {
  if (headline === null || currency === original) return null;
  if (!lookup.found) return { currency, rate: null, npv: null, benefitToDate: null, costToDate: null };
  const { rate, legs } = lookup;
  const convert = (amount: DecimalString | null): DecimalString | null =>
    amount === null ? null : new Decimal(amount).times(rate).toDecimalPlaces(2).toFixed();
  const published = legs.filter(({ origin }) => origin === 'published').map(({ date }) => date);
  return {
    currency,
    rate: {
      value: rate.toSignificantDigits(6).toFixed(),
      date: published.sort()[0] ?? asOf,
      source: [...new Set(legs.map(({ source }) => source))].join(', '),
    },
    npv: convert(headline.npv),
    benefitToDate: convert(headline.benefitToDate),
    costToDate: convert(headline.costToDate),
  };
}

/** The facts as one recipient gets them: converted into no other currency than their own. */
export function digestForReader(facts: DigestFacts, currency: CurrencyCode | null): DigestFacts {
  if (facts.conversions === undefined) return facts;
  return { ...facts, conversions: facts.conversions.filter((conversion) => conversion.currency === currency) };
}

/** One sentence for each currency: what the headline comes to, at which rate, of when and whose; or that there is none. */
export function conversionSentences(facts: DigestFacts): string[] {
  return (facts.conversions ?? []).map(({ currency, rate, npv, benefitToDate, costToDate }) => {
    const format = createFormat({ ...facts, currency });
    if (rate === null) return `Not shown in ${currency}: there is no exchange rate for ${format.date(facts.asOf)}.`;
    const amounts = [
      `NPV ${format.money(npv)}`,
      `benefit to date ${format.money(benefitToDate)}`,
      `cost to date ${format.money(costToDate)}`,
    ];
    const origin = `1 ${facts.currency} = ${format.exact(rate.value)} ${currency} of ${format.date(rate.date)}, ${rate.source}`;
    return `In ${currency}: ${amounts.join(', ')} (${origin}).`;
  });
}
