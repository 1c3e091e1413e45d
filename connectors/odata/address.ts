import type { ODataOptions } from './options.ts';

const BUSINESS_CENTRAL = 'https://api.businesscentral.dynamics.com';

/** Where Business Central online is; null where `url` says where the service is. */
export function businessCentralUrl({ businessCentral }: ODataOptions): string | null {
  if (businessCentral === undefined) return null;
  const { tenant, environment, api } = businessCentral;
  return `${BUSINESS_CENTRAL}/v2.0/${encodeURIComponent(tenant)}/${encodeURIComponent(environment)}/api/${api}`;
}

/** The path of a stream's rows below the service: with `company`, those of that company of Business Central. */
export function entityPath({ company }: Pick<ODataOptions, 'company'>, entitySet: string): string {
  return company === undefined || namesCompany(entitySet) ? entitySet : `companies(${company})/${entitySet}`;
}

/** Business Central's API says `companies(id)/…`, its web services `Company('name')/…`. */
export const namesCompany = (entitySet: string): boolean => /^compan(?:y|ies)\s*\(/i.test(entitySet);
