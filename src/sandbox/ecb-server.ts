import { atDate, DAY_MS, dateOf, plusDays, type StoryDates, weekday } from './calendar.ts';
import { type LoopbackServer, listenOnLoopback, send } from './http.ts';
import { normal, seeded } from './random.ts';

export interface ReferenceRate {
  date: string;
  /** Dollars for one euro, four decimals. */
  usd: string;
}

/** The files stand below this path, as at the European Central Bank. */
export const ecbPath = '/stats/eurofxref';
const FILES: Readonly<Record<string, number>> = {
  'eurofxref-daily.xml': 1,
  'eurofxref-hist-90d.xml': 90,
  'eurofxref-hist.xml': Number.POSITIVE_INFINITY,
};

/** Invented rates of every working day from a week before the story on, newest first; a day's rate depends on its date alone. */
export function referenceRates({ startsOn, lastDate }: Pick<StoryDates, 'startsOn' | 'lastDate'>): ReferenceRate[] {
  const rates: ReferenceRate[] = [];
  for (let date = lastDate; date >= plusDays(startsOn, -7); date = plusDays(date, -1)) {
    const atMs = atDate(date);
    if (weekday(atMs) >= 5) continue;
    const swing = 0.03 * Math.sin((atMs / DAY_MS / 365) * 2 * Math.PI);
    rates.push({ date: dateOf(atMs), usd: (1.09 + swing + 0.003 * normal(seeded(`USD|${date}`))).toFixed(4) });
  }
  return rates;
}

/** The three XML files of the reference rates, as the European Central Bank publishes them. */
export async function startEcbServer({ rates }: { rates: readonly ReferenceRate[] }): Promise<LoopbackServer> {
  return listenOnLoopback((_request, response, { pathname }) => {
    const days = pathname.startsWith(`${ecbPath}/`) ? FILES[pathname.slice(ecbPath.length + 1)] : undefined;
    if (days === undefined) return send(response, 404, 'text/plain; charset=utf-8', 'Not Found');
    send(response, 200, 'text/xml', envelope(rates.slice(0, days)));
  });
}

const envelope = (rates: readonly ReferenceRate[]): string => `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject>
<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
<Cube>${rates.map(({ date, usd }) => `<Cube time="${date}"><Cube currency="USD" rate="${usd}"/></Cube>`).join('')}</Cube>
</gesmes:Envelope>
`;
