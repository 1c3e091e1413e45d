import { addDays, FX_MAX_AGE_DAYS, type FxQuote, localDateAt } from '#domain';
import { asOutturnError, type CatalogEntry, type ConnectorContext, type Finding, type StreamContext } from '#kit';
import { type EcbOptions, type EcbStream, streamSchema } from './options.ts';
import { parsePage } from './parse.ts';
import { pullFiles } from './pull.ts';

const DAY_MS = 86_400_000;
const ASPECTS: Readonly<Record<string, string>> = {
  'source/unreachable': 'connectivity',
  'source/timeout': 'connectivity',
  'source/blocked-address': 'connectivity',
  'source/server-error': 'connectivity',
  'source/rate-limited': 'connectivity',
  'source/not-found': 'connectivity',
  'source/tls': 'tls',
  'source/unauthorised': 'credentials',
  'source/forbidden': 'permission',
  'config/not-found': 'file',
};

type Quotes = { quotes: Omit<FxQuote, 'source'>[]; warnings: string[] };

/** The rates of the last days, or all of the local files. */
async function newest(ctx: StreamContext<EcbOptions, EcbStream>): Promise<Quotes> {
  const nowMs = ctx.nowMs();
  const found: Quotes = { quotes: [], warnings: [] };
  for await (const page of pullFiles({ ...ctx, window: { fromMs: nowMs - DAY_MS, toMs: nowMs } })) {
    const { quotes = [], warnings } = parsePage(page, ctx);
    for (const quote of quotes) found.quotes.push(quote);
    found.warnings.push(...warnings);
  }
  return found;
}

/** Reads the rates for real: how many currencies there are, and how old the newest are. */
export async function checkStream(ctx: StreamContext<EcbOptions, EcbStream>): Promise<Finding[]> {
  const { streamId: stream } = ctx;
  try {
    const { quotes, warnings } = await newest(ctx);
    const last = quotes.reduce((date, quote) => (quote.date > date ? quote.date : date), '');
    const ofLast = quotes.filter(({ date }) => date === last);
    const [sample] = ofLast;
    if (sample === undefined)
      return [
        {
          level: 'warning',
          aspect: 'sample',
          stream,
          message: 'no rate of the last days',
          hint: 'The file may be old.',
        },
      ];
    const count = ofLast.length === 1 ? 'one currency' : `${ofLast.length} currencies`;
    const findings: Finding[] = [
      {
        level: 'ok',
        aspect: 'sample',
        stream,
        message: `${count} on ${last}: 1 EUR = ${sample.rate} ${sample.quote} …`,
      },
    ];
    if (last < addDays(localDateAt(ctx.nowMs(), 'Europe/Berlin'), -FX_MAX_AGE_DAYS))
      findings.push({
        level: 'warning',
        aspect: 'freshness',
        stream,
        message: `the newest rates are of ${last}; a rate counts for ${FX_MAX_AGE_DAYS} days`,
        hint: 'Later amounts in another currency have no rate. Put a newer file there.',
      });
    return [
      ...findings,
      ...warnings.map((message): Finding => ({ level: 'warning', aspect: 'sample', stream, message })),
    ];
  } catch (thrown) {
    const error = asOutturnError(thrown);
    if (error.code === 'internal' || error.code.startsWith('queue/')) throw thrown;
    return [
      { level: 'error', aspect: ASPECTS[error.code] ?? 'sample', stream, message: error.message, hint: error.hint },
    ];
  }
}

/** One stream with every currency of the newest date. */
export async function discoverRates(ctx: ConnectorContext<EcbOptions>): Promise<CatalogEntry[]> {
  const stream = streamSchema.parse({});
  const { quotes } = await newest({ ...ctx, stream, streamId: 'daily' });
  const currencies = [...new Set(quotes.map(({ quote }) => quote))].sort();
  return [{ id: 'daily', title: `reference rates of the euro in ${currencies.join(', ')}`, unit: null, stream: {} }];
}
