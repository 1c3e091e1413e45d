import type { Finding } from '#kit';
import { entityPath, namesCompany } from './address.ts';
import type { EntityType, ServiceMetadata } from './metadata.ts';
import { type ODataOptions, type ODataStream, orderOf } from './options.ts';

export type Product = 'business-central' | 'dynamics-finance' | null;

/** Rows that Business Central sends a page at most. */
const BUSINESS_CENTRAL_PAGE = 20_000;

/** The product behind a service, by the namespaces of its schemas. */
export function productOf({ namespaces }: Pick<ServiceMetadata, 'namespaces'>): Product {
  if (namespaces.some((name) => /^Microsoft\.NAV\b|^NAV$/.test(name))) return 'business-central';
  return namespaces.some((name) => /^Microsoft\.Dynamics\.DataEntities\b/.test(name)) ? 'dynamics-finance' : null;
}

const crossCompany = ({ parameters }: ODataOptions): boolean =>
  Object.entries(parameters).some(([name, value]) => name.toLowerCase() === 'cross-company' && value === 'true');

/** What operators of a product forget, and what it then does without a word. */
export function checkProduct(metadata: ServiceMetadata, options: ODataOptions): Finding[] {
  if (productOf(metadata) !== 'dynamics-finance' || crossCompany(options)) return [];
  return [
    {
      level: 'warning',
      aspect: 'company',
      message: 'without cross-company the service only answers for the company of the user that it takes us for',
      hint: 'Write parameters: { cross-company: "true" }, and in filter "dataAreaId eq \'usmf\'" if it is to be one.',
    },
  ];
}

export function checkProductStream(
  metadata: ServiceMetadata,
  type: EntityType | null,
  stream: ODataStream,
  options: ODataOptions,
): Finding[] {
  const product = productOf(metadata);
  if (product === 'business-central') return businessCentralFindings(stream, options);
  const isShared = product === 'dynamics-finance' && crossCompany(options);
  const hasCompany = type?.fields.some(({ name }) => name === 'dataAreaId') === true;
  const identity = stream.costs?.sourceKey ?? stream.measurements?.labels ?? [];
  if (!isShared || !hasCompany || identity.includes('dataAreaId') || /\bdataAreaId\s+eq\b/.test(stream.filter ?? ''))
    return [];
  return [
    {
      level: 'warning',
      aspect: 'company',
      message: 'rows of several companies can have the same numbers; the last one would win',
      hint: `Add dataAreaId to ${stream.costs === undefined ? 'labels' : 'sourceKey'}, or name one company in filter.`,
    },
  ];
}

function businessCentralFindings(stream: ODataStream, options: ODataOptions): Finding[] {
  const findings: Finding[] = [];
  const path = entityPath(options, stream.entitySet);
  if (!namesCompany(path) && path !== 'companies' && options.parameters['company'] === undefined)
    findings.push({
      level: 'warning',
      aspect: 'company',
      message: `${stream.entitySet} belongs to a company, and none is named`,
      hint: 'Write company: with the id of one; outturn discover shows them.',
    });
  if (stream.pageSize > BUSINESS_CENTRAL_PAGE)
    findings.push({
      level: 'warning',
      aspect: 'paging',
      message: `Business Central sends at most ${BUSINESS_CENTRAL_PAGE} rows a page`,
      hint: `Write pageSize: ${BUSINESS_CENTRAL_PAGE} or less.`,
    });
  if (orderOf(stream).length === 0)
    findings.push({
      level: 'warning',
      aspect: 'paging',
      message: 'nothing says in which order rows come, so pages may overlap',
      hint: 'Name in keys what identifies a row.',
    });
  return findings;
}
