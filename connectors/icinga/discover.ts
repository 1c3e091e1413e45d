import { asRecord, type CatalogEntry, type ConnectorContext } from '#kit';
import { resultsOf } from './api.ts';
import { type IcingaOptions, icingaStream } from './options.ts';
import { readPerfdata } from './perfdata.ts';
import { findNames, readBatch } from './pull.ts';

const MOST_ENTRIES = 5000;

/** Every number in the newest performance data of every service, and whether services without any are up. */
export async function discoverServices({ http }: ConnectorContext<IcingaOptions>): Promise<CatalogEntry[]> {
  const all = icingaStream.parse({ value: 'up', unit: 'ratio' });
  const names = await findNames(http, all, 'discover');
  const entries: CatalogEntry[] = [];
  for (let from = 0; from < names.length && entries.length < MOST_ENTRIES; from += all.objectsPerRequest) {
    const response = await readBatch(http, all, names.slice(from, from + all.objectsPerRequest));
    for (const { attrs } of resultsOf(response.body, 'discover')) entries.push(...entriesOf(asRecord(attrs) ?? {}));
  }
  return entries.slice(0, MOST_ENTRIES);
}

function entriesOf({
  host_name: host,
  name: service,
  last_check_result: result,
}: Record<string, unknown>): CatalogEntry[] {
  if (typeof host !== 'string' || typeof service !== 'string') return [];
  const perfdata = asRecord(result)?.['performance_data'];
  const values = (Array.isArray(perfdata) ? perfdata : []).map(readPerfdata).filter((each) => each !== null);
  // What is unknown now is a number at other times; what is none never is.
  const numbersNow = values.filter(({ value }) => value === 'U' || /^[-+.\d][\d.]*(?:e[-+]?\d+)?$/i.test(value));
  const labels = new Map(numbersNow.map((each) => [each.label, each]));
  const numbers = [...labels.values()].map(({ label, unit }) => ({
    id: `${host}!${service}:${label}`,
    title: `${label} of ${service} on ${host}`,
    unit,
    stream: { host, service, value: 'perfdata', perfdata: label, unit: unit ?? 'units' },
  }));
  const up = {
    id: `${host}!${service}`,
    title: `whether ${service} on ${host} is OK`,
    unit: 'ratio',
    stream: { host, service, value: 'up', unit: 'ratio' },
  };
  return numbers.length > 0 ? numbers : [up];
}
