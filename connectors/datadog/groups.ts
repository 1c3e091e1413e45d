import { asRecord } from '#kit';

/** `limit` of each entry of `group_by`, as logs, RUM and the like are asked; null: none is written. */
export function limitsOf(query: Readonly<Record<string, unknown>>): (number | null)[] {
  const written = query['group_by'] ?? [];
  return (Array.isArray(written) ? written : [written]).map((each: unknown) => {
    const limit = asRecord(each)?.['limit'];
    return typeof limit === 'number' ? limit : null;
  });
}

/** With as many series the source may have left out others: it gives the greatest groups up to `limit`. Null: nothing limits them. */
export function mostGroups(queries: Readonly<Record<string, unknown>> | undefined): number | null {
  const most = Object.values(queries ?? {}).flatMap((query) => {
    const limits = limitsOf(asRecord(query) ?? {}).filter((limit) => limit !== null);
    return limits.length === 0 ? [] : [limits.reduce((product, limit) => product * limit, 1)];
  });
  return most.length === 0 ? null : Math.min(...most);
}
