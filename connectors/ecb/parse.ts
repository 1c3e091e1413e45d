import { type FxQuote, isLocalDate } from '#domain';
import { type ParseContext, type ParsedPage, PermanentError, type RawPage } from '#kit';
import { readCsv } from './csv.ts';
import type { EcbOptions, EcbStream } from './options.ts';
import type { RawRate } from './raw-rate.ts';
import { readXml } from './xml.ts';

const HINT = 'Expected one of the files at https://www.ecb.europa.eu/stats/eurofxref, as XML or CSV.';

/**
 * Quotes of one page. Pure. A currency that a date has no rate for (`N/A`: not yet or no longer quoted, or suspended) gives
 * none. Throws `source/bad-shape` or `source/bad-number` naming file and place.
 */
export function parsePage(page: RawPage, { stream, streamId }: ParseContext<EcbOptions, EcbStream>): ParsedPage {
  const { file, from, to } = page.meta;
  if (typeof file !== 'string')
    throw new PermanentError('source/bad-shape', 'the page does not say which file it is of');
  const wanted = stream.currencies === undefined ? null : new Set<string>(stream.currencies);
  const quotes: Omit<FxQuote, 'source'>[] = [];
  const seen = new Set<string>();
  for (const { date, currency, rate, place } of rowsOf(page.body, file)) {
    if (!isLocalDate(date))
      throw new PermanentError('source/bad-shape', `${place}: ${shown(date)} is no date`, { hint: HINT });
    if (!/^[A-Z]{3}$/.test(currency) || currency === 'EUR')
      throw new PermanentError(
        'source/bad-shape',
        `${place}: ${shown(currency)} is no currency that one euro has a rate in`,
        {
          hint: HINT,
        },
      );
    if (wanted !== null) seen.add(currency);
    if (rate === '' || rate === 'N/A') continue;
    if (!/^\d{1,12}(\.\d{1,12})?$/.test(rate) || !/[1-9]/.test(rate))
      throw new PermanentError('source/bad-number', `${place}: the rate of ${currency} is ${shown(rate)}`, {
        hint: 'A rate is a number above zero with a decimal point.',
      });
    if (typeof from === 'string' && date < from) continue;
    if (typeof to === 'string' && date > to) continue;
    if (wanted !== null && !wanted.has(currency)) continue;
    quotes.push({ base: 'EUR', quote: currency, date, rate });
  }
  const absent = [...(wanted ?? [])].filter((currency) => !seen.has(currency));
  const warnings = absent.map((currency) => `${file} has no ${currency}, which the stream ${streamId} asks for`);
  return { measurements: [], costs: [], quotes, warnings };
}

function rowsOf(body: string, file: string): RawRate[] {
  const text = body.trimStart();
  if (text === '') throw new PermanentError('source/empty-answer', `${file} is empty`, { hint: HINT });
  if (/^<(!doctype\s+html|html)\b/i.test(text)) {
    const title = /<title[^>]*>([^<]{1,100})/i.exec(text)?.[1]?.trim();
    throw new PermanentError('source/bad-shape', `${file} is a web page${title ? ` ("${title}")` : ''}, not rates`, {
      hint: `It may be a login page or that of a proxy: check url. ${HINT}`,
    });
  }
  if (text.startsWith('PK'))
    throw new PermanentError('source/bad-shape', `${file} is zipped`, { hint: `Unpack it. ${HINT}` });
  if (text.startsWith('<')) return readXml(text, file);
  if (/^"?date"?\s*,/i.test(text)) return readCsv(text, file);
  throw new PermanentError('source/bad-shape', `${file} is neither the XML nor the CSV form of reference rates`, {
    hint: HINT,
  });
}

const shown = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
